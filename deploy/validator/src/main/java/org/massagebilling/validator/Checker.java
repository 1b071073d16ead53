package org.massagebilling.validator;

import ca.uhn.fhir.parser.DataFormatException;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Validates files one resource at a time and prints one JSON object for each. */
final class Checker {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final FhirValidator validator;
    private final PrintStream out;

    Checker(Definitions definitions, PrintStream out) {
        this.validator = definitions.fhir.newValidator().registerValidatorModule(new OfflineValidator(definitions.support));
        this.out = out;
    }

    /** Checks a file, or each line of an NDJSON file; returns how many resources have an error. */
    int check(Path file) throws IOException {
        if (!Paths.isLines(file)) {
            return check(file, 1, Files.readString(file));
        }
        int wrong = 0;
        int number = 0;
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    wrong += check(file, number, line);
                }
            }
        }
        return wrong;
    }

    private int check(Path file, int line, String resource) {
        ObjectNode answer = JSON.createObjectNode();
        answer.put("file", file.toString());
        answer.put("line", line);
        ArrayNode issues = answer.putArray("issues");
        boolean wrong = false;
        for (SingleValidationMessage message : messages(resource)) {
            String severity = message.getSeverity().getCode();
            wrong |= severity.equals("error") || severity.equals("fatal");
            issues.addObject()
                    .put("severity", severity)
                    .put("location", message.getLocationString())
                    .put("message", message.getMessage());
        }
        out.println(answer);
        return wrong ? 1 : 0;
    }

    private List<SingleValidationMessage> messages(String resource) {
        try {
            return validator.validateWithResult(resource).getMessages();
        } catch (BaseServerResponseException | DataFormatException e) { // what is no JSON at all
            SingleValidationMessage unreadable = new SingleValidationMessage();
            unreadable.setSeverity(ResultSeverityEnum.FATAL);
            unreadable.setMessage(e.getMessage());
            return List.of(unreadable);
        }
    }
}
