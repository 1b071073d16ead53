package org.massagebilling.validator;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.parser.DataFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.r4.model.MetadataResource;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r4.model.StructureDefinition;

/** A folder of our own profiles, code systems and value sets, on top of the R4 base definitions. No network is used. */
final class Definitions {

    final FhirContext fhir = FhirContext.forR4();
    final ValidationSupportChain support;
    private final List<StructureDefinition> profiles = new ArrayList<>();

    Definitions(Path folder) throws IOException {
        PrePopulatedValidationSupport ours = new PrePopulatedValidationSupport(fhir);
        for (Path file : Paths.resources(folder)) {
            String json = Files.readString(file);
            if (Paths.isLines(file) || json.contains("\"$schema\"") || !json.contains("\"resourceType\"")) {
                continue; // a JSON Schema, say, beside the profiles
            }
            Resource resource;
            try {
                resource = (Resource) fhir.newJsonParser().parseResource(json);
            } catch (DataFormatException e) {
                throw new IOException(file + " is no FHIR R4 resource: " + e.getMessage(), e);
            }
            if (resource instanceof MetadataResource) {
                ours.addResource(resource);
            }
            if (resource instanceof StructureDefinition profile) {
                profiles.add(profile);
            }
        }
        // CPT and ICD-10-CM cannot be had offline. That a code is unknown is then a warning; our own checks, which have
        // the tables, refuse such codes before anything is written.
        UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(fhir);
        unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
        support = new ValidationSupportChain(
                new DefaultProfileValidationSupport(fhir),
                ours,
                new CommonCodeSystemsTerminologyService(fhir),
                new InMemoryTerminologyServerValidationSupport(fhir),
                new SnapshotGeneratingValidationSupport(fhir),
                unknown);
    }

    /** Every profile of the folder with its snapshot. */
    List<StructureDefinition> snapshots() {
        List<StructureDefinition> full = new ArrayList<>();
        for (StructureDefinition profile : profiles) {
            full.add((StructureDefinition) support.generateSnapshot(
                    new ValidationSupportContext(support), profile, profile.getUrl(), null, profile.getName()));
        }
        return full;
    }
}
