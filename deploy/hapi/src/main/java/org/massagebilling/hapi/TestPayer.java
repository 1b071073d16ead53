package org.massagebilling.hapi;

import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.fhir.rest.annotation.Operation;
import ca.uhn.fhir.rest.annotation.OperationParam;
import ca.uhn.fhir.rest.api.server.RequestDetails;
import ca.uhn.fhir.rest.server.exceptions.InvalidRequestException;
import java.util.Date;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.Claim;
import org.hl7.fhir.r4.model.ClaimResponse;
import org.hl7.fhir.r4.model.Coverage;
import org.hl7.fhir.r4.model.CoverageEligibilityRequest;
import org.hl7.fhir.r4.model.CoverageEligibilityResponse;
import org.hl7.fhir.r4.model.Enumerations;
import org.hl7.fhir.r4.model.Reference;
import org.hl7.fhir.r4.model.Resource;

/**
 * HAPI has no adjudication: it defines neither Claim/$submit nor CoverageEligibilityRequest/$submit.
 * These two stand in for a payer: they store what they were sent and answer "complete". -Dhapi.payer=false leaves them out.
 */
public final class TestPayer {

    private final DaoRegistry daos;

    TestPayer(DaoRegistry daos) {
        this.daos = daos;
    }

    @Operation(name = "$submit", typeName = "Claim")
    public IBaseResource submitClaim(
            @OperationParam(name = "resource", min = 1, max = 1) IBaseResource sent, RequestDetails request) {
        Claim claim = (Claim) store(first(sent, Claim.class), request);
        ClaimResponse answer = new ClaimResponse();
        answer.setStatus(ClaimResponse.ClaimResponseStatus.ACTIVE);
        answer.setType(claim.getType());
        answer.setUse(ClaimResponse.Use.fromCode(claim.getUse().toCode()));
        answer.setPatient(claim.getPatient());
        answer.setCreated(new Date());
        answer.setInsurer(claim.hasInsurer() ? claim.getInsurer() : new Reference().setDisplay("test payer"));
        answer.setRequest(new Reference("Claim/" + claim.getIdElement().getIdPart()));
        answer.setOutcome(ClaimResponse.RemittanceOutcome.COMPLETE);
        return store(answer, request);
    }

    @Operation(name = "$submit", typeName = "CoverageEligibilityRequest")
    public IBaseResource submitEligibility(
            @OperationParam(name = "resource", min = 1, max = 1) IBaseResource sent, RequestDetails request) {
        CoverageEligibilityRequest asked =
                (CoverageEligibilityRequest) store(first(sent, CoverageEligibilityRequest.class), request);
        CoverageEligibilityResponse answer = new CoverageEligibilityResponse();
        answer.setStatus(CoverageEligibilityResponse.EligibilityResponseStatus.ACTIVE);
        asked.getPurpose().forEach(purpose -> answer.addPurpose(
                CoverageEligibilityResponse.EligibilityResponsePurpose.fromCode(purpose.getValue().toCode())));
        answer.setPatient(asked.getPatient());
        answer.setCreated(new Date());
        answer.setInsurer(asked.getInsurer());
        answer.setRequest(new Reference("CoverageEligibilityRequest/" + asked.getIdElement().getIdPart()));
        answer.setOutcome(Enumerations.RemittanceOutcome.COMPLETE);
        asked.getInsurance().forEach(line -> answer.addInsurance()
                .setCoverage(line.getCoverage())
                .setInforce(inforce(line.getCoverage(), request)));
        return store(answer, request);
    }

    private boolean inforce(Reference coverage, RequestDetails request) {
        Coverage found = daos.getResourceDao(Coverage.class).read(coverage.getReferenceElement(), request);
        Date end = found.getPeriod().getEnd();
        return found.getStatus() == Coverage.CoverageStatus.ACTIVE && (end == null || end.after(new Date()));
    }

    private <T extends Resource> T first(IBaseResource sent, Class<T> wanted) {
        Object found = sent instanceof Bundle bundle ? bundle.getEntryFirstRep().getResource() : sent;
        if (!wanted.isInstance(found)) {
            throw new InvalidRequestException("resource is not a " + wanted.getSimpleName());
        }
        return wanted.cast(found);
    }

    @SuppressWarnings("unchecked")
    private <T extends Resource> IBaseResource store(T resource, RequestDetails request) {
        return daos.getResourceDao((Class<T>) resource.getClass()).create(resource, request).getResource();
    }
}
