package org.massagebilling.validator;

import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.IValidationContext;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.context.IWorkerContext;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.utils.validation.ValidatorSession;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.r5.utils.validation.constants.IdStatus;
import org.hl7.fhir.r5.utils.xver.XVerExtensionManagerOld;
import org.hl7.fhir.utilities.i18n.I18nConstants;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.utilities.validation.ValidationMessage.IssueSeverity;
import org.hl7.fhir.validation.ValidatorSettings;
import org.hl7.fhir.validation.instance.InstanceValidator;

/**
 * HAPI's instance validator, except that it never asks the network. To check where an extension may stand, the HL7
 * validator 6.6 and 6.7 want the definitions of "4.0", do not see that the 4.0.1 they hold are those, and fetch
 * hl7.fhir.r4.core from packages.fhir.org; here the ones at hand are named as "4.0" beforehand.
 */
final class OfflineValidator extends FhirInstanceValidator {

    OfflineValidator(IValidationSupport support) {
        super(support);
    }

    @Override
    protected List<ValidationMessage> validate(IValidationContext<?> resource) {
        IWorkerContext definitions = provideWorkerContext();
        ValidatorSession session = new ValidatorSession();
        session.getOtherVersions().put("4.0", definitions);
        InstanceValidator validator = new InstanceValidator(
                definitions,
                new NullEvaluationContext(),
                new XVerExtensionManagerOld(definitions),
                session,
                new ValidatorSettings());
        validator.setErrorForUnknownProfiles(true);
        validator.setAnyExtensionsAllowed(false);
        validator.setUnknownCodeSystemsCauseErrors(false);
        validator.setResourceIdRule(IdStatus.OPTIONAL);
        validator.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
        validator.setPolicyAdvisor(new FhirDefaultPolicyAdvisor());
        List<ValidationMessage> messages = new ArrayList<>();
        byte[] json = resource.getResourceAsString().getBytes(StandardCharsets.UTF_8);
        validator.validate(null, messages, new ByteArrayInputStream(json), FhirFormat.JSON);
        for (ValidationMessage message : messages) {
            // Without a fetcher this is only a warning, yet nothing was checked: a mistyped meta.profile must not pass.
            if (I18nConstants.VALIDATION_VAL_PROFILE_UNKNOWN.equals(message.getMessageId())) {
                message.setLevel(IssueSeverity.ERROR);
            }
        }
        return messages;
    }
}
