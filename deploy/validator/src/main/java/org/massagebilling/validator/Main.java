package org.massagebilling.validator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.r4.model.StructureDefinition;

/**
 * The HL7 validator over a folder of profiles, offline.
 *
 * <pre>
 * validate PROFILES PATH...   one JSON object a resource on standard output; exit 1 when one has an error
 * snapshot PROFILES FOLDER    writes each profile with its snapshot to FOLDER
 * serve PROFILES              prints READY; then, for each line of standard input (a JSON list of paths), what
 *                             validate prints and {"done": resources with an error}; ends with its input
 * </pre>
 *
 * A path is a JSON file, an NDJSON file (each line is a resource) or a folder of both. PROFILES is a folder of
 * StructureDefinition, CodeSystem, ValueSet, ConceptMap and NamingSystem as JSON; a resource is held to the R4 base
 * and to the profiles in its meta.profile. Exit 2: the call itself was wrong.
 */
public final class Main {

    private Main() {}

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<String> words = List.of(args);
        String mode = words.isEmpty() ? "" : words.get(0);
        if (mode.equals("validate") && words.size() >= 3) {
            Checker checker = new Checker(new Definitions(Path.of(words.get(1))), out);
            System.exit(check(checker, words.subList(2, words.size())) > 0 ? 1 : 0);
        } else if (mode.equals("snapshot") && words.size() == 3) {
            writeSnapshots(new Definitions(Path.of(words.get(1))), Path.of(words.get(2)));
        } else if (mode.equals("serve") && words.size() == 2) {
            serve(new Definitions(Path.of(words.get(1))), out);
        } else {
            System.err.println("usage: validate PROFILES PATH... | snapshot PROFILES FOLDER | serve PROFILES");
            System.exit(2);
        }
    }

    private static int check(Checker checker, List<String> paths) throws IOException {
        int wrong = 0;
        for (String path : paths) {
            for (Path file : Paths.resources(Path.of(path))) {
                wrong += checker.check(file);
            }
        }
        return wrong;
    }

    private static void writeSnapshots(Definitions definitions, Path folder) throws IOException {
        Files.createDirectories(folder);
        for (StructureDefinition profile : definitions.snapshots()) {
            Path file = folder.resolve("StructureDefinition-" + profile.getIdElement().getIdPart() + ".json");
            Files.writeString(
                    file, definitions.fhir.newJsonParser().setPrettyPrint(true).encodeResourceToString(profile) + "\n");
        }
    }

    private static void serve(Definitions definitions, PrintStream out) throws IOException {
        ObjectMapper json = new ObjectMapper();
        Checker checker = new Checker(definitions, out);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        out.println("READY");
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            List<String> paths = new ArrayList<>();
            for (JsonNode path : json.readTree(line)) {
                paths.add(path.asText());
            }
            try {
                out.printf("{\"done\": %d}%n", check(checker, paths));
            } catch (IOException e) {
                out.println(json.createObjectNode().put("failed", e.toString()));
            }
        }
    }
}
