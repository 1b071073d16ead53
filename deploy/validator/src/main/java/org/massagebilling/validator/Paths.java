package org.massagebilling.validator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Which files are meant by a path: the file itself, or every .json and .ndjson below a folder, in a stable order. */
final class Paths {

    private Paths() {}

    static List<Path> resources(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> below = Files.walk(path)) {
            return below.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(".json") || isLines(file))
                    .sorted()
                    .toList();
        }
    }

    static boolean isLines(Path file) {
        return file.toString().endsWith(".ndjson");
    }
}
