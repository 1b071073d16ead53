// How the program uses a row: equal, equivalent and wider are taken. narrower, inexact and anything else are shown to
// the integrator and not used, because the record alone does not decide the code: a clinic that knows what its
// therapists mean repeats the row as equivalent in its own file (README.md).
//
// Each comment names where the source code's meaning was seen.

RuleSet: MapHead(id, title, description)
* id = "{id}"
* url = "https://massage-billing.org/fhir/ConceptMap/{id}"
* version = "0.1.0"
* name = "{title}"
* status = #active
* experimental = false
* date = "2026-11-23"
* publisher = "massage-billing"
* description = "{description}"

RuleSet: Row(code, target, equivalence, comment)
* group[=].element[+].code = #{code}
* group[=].element[=].target.code = #{target}
* group[=].element[=].target.equivalence = #{equivalence}
* group[=].element[=].target.comment = "{comment}"

RuleSet: Shown(code, display, target, equivalence, comment)
* group[=].element[+].code = #{code}
* group[=].element[=].display = "{display}"
* group[=].element[=].target.code = #{target}
* group[=].element[=].target.equivalence = #{equivalence}
* group[=].element[=].target.comment = "{comment}"

RuleSet: Same(code)
* group[=].element[+].code = #{code}
* group[=].element[=].target.code = #{code}
* group[=].element[=].target.equivalence = #equal

Instance: snomed-to-cpt
InstanceOf: ConceptMap
Usage: #definition
* insert MapHead(snomed-to-cpt, SnomedToCpt, [[SNOMED CT procedures as a massage clinic's record names them, to CPT numbers. Only rows whose source could be named; no row for manual therapy is safe enough to use without the clinic's word.]])
* copyright = "SNOMED CT is a registered trademark of SNOMED International; its use may need a licence (in the United States from the NLM). CPT is a registered trademark of the American Medical Association; only code numbers are used here."
* group[+].source = $sct
* group[=].target = $cpt
* insert Row(387854002, 97124, equivalent, [[Massage. Seen in HL7 Symptoms Data Standards 1.0.0, ValueSet AlleviatingFactorCodes, and under the name Therapeutic massage in one public FHIR program; the term in SNOMED CT itself was not seen, so no display is given.]])
* insert Shown(229065009, [[Exercise therapy]], 97110, equivalent, [[Seen with this term in HL7 US Physical Activity (terminology cache, SNOMED CT US edition) and in other public guides.]])
* insert Shown(85680003, [[Range of motion exercise]], 97110, wider, [[Seen with this term in HL7 FHIR R4B, ValueSet therapy, expansion of SNOMED CT International 2020-07-31.]])
* insert Shown(1121002, [[Kinetic activities for range of motion]], 97110, wider, [[Seen with this term in HL7 FHIR R4B, ValueSet therapy, expansion of SNOMED CT International 2020-07-31.]])
* insert Shown(61502001, [[Kinetic activities for strengthening]], 97110, wider, [[Seen with this term in HL7 FHIR R4B, ValueSet therapy, expansion of SNOMED CT International 2020-07-31.]])
* insert Shown(7334004, [[Kinetic activities for coordination]], 97112, inexact, [[Seen with this term in HL7 FHIR R4B, ValueSet therapy. Not used: whether it was neuromuscular work is for the therapist's record to say.]])
* insert Shown(118745001, [[Manipulation of joint]], 97140, inexact, [[Seen with this term in DICOM CID 93 as a FHIR ValueSet. Not used: it may be chiropractic manipulation, which is another code.]])
* insert Shown(182660006, [[Cold therapy]], 97010, narrower, [[Seen with this term in HL7 FHIR R4B, ValueSet therapy. Not used: cold therapy is more than cold packs.]])

Instance: local-to-cpt
InstanceOf: ConceptMap
Usage: #definition
* insert MapHead(local-to-cpt, LocalToCpt, [[Our own service labels to CPT numbers; also the pattern for a clinic's own file.]])
* copyright = "CPT is a registered trademark of the American Medical Association; only code numbers are used here."
* group[+].source = "https://massage-billing.org/fhir/CodeSystem/service"
* group[=].target = $cpt
* insert Row(massage, 97124, equivalent, [[By definition of CodeSystem service.]])
* insert Row(manual-therapy, 97140, equivalent, [[By definition of CodeSystem service.]])
* insert Row(neuromuscular, 97112, equivalent, [[By definition of CodeSystem service.]])
* insert Row(exercise, 97110, equivalent, [[By definition of CodeSystem service.]])
* insert Row(hot-cold-pack, 97010, equivalent, [[By definition of CodeSystem service.]])

Instance: place-of-service
InstanceOf: ConceptMap
Usage: #definition
* insert MapHead(place-of-service, PlaceOfService, [[Location types of other systems to CMS place-of-service numbers. Types that leave the number open (a clinic may be an office or a hospital's outpatient department) are marked and not used: then the site's setting decides.]])
* group[+].source = $v3-role
* group[=].target = $pos
* insert Shown(PROFF, [[Provider's Office]], 11, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Office.]])
* insert Shown(PTRES, [[Patient's Residence]], 12, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Home.]])
* insert Shown(SCHOOL, [[school]], 03, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. School.]])
* insert Shown(WORK, [[work site]], 18, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Place of employment.]])
* insert Shown(MOBL, [[Mobile Unit]], 15, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Mobile unit.]])
* insert Shown(ER, [[Emergency room]], 23, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Emergency room of a hospital.]])
* insert Shown(SNF, [[Skilled nursing facility]], 31, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Skilled nursing facility.]])
* insert Shown(PHARM, [[Pharmacy]], 01, equivalent, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Pharmacy.]])
* insert Shown(NCCF, [[Nursing or custodial care facility]], 32, narrower, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Not used: 32 or 33.]])
* insert Shown(OF, [[Outpatient facility]], 49, inexact, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Not used: 11, 19, 22 or 49.]])
* insert Shown(PC, [[Primary care clinic]], 11, inexact, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Not used: 11, 19 or 22.]])
* insert Shown(PAINCL, [[Pain clinic]], 11, inexact, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Not used: 11, 19 or 22.]])
* insert Shown(SPMED, [[Sports medicine clinic]], 11, inexact, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Not used: 11, 19 or 22.]])
* insert Shown(HOSP, [[Hospital]], 22, inexact, [[HL7 v3 RoleCode, FHIR R4 4.0.1. Not used: 19, 21 or 22.]])
// The same numbers under other names: HL7's example system, and the two other URIs in use for the CMS list.
* group[+].source = $service-place
* group[=].target = $pos
* insert Same(01)
* insert Same(03)
* insert Same(04)
* insert Same(11)
* insert Same(12)
* insert Same(13)
* insert Same(14)
* insert Same(15)
* insert Same(19)
* insert Same(20)
* insert Same(21)
* group[+].source = "http://terminology.hl7.org/CodeSystem/POS"
* group[=].target = $pos
* insert SameList
* group[+].source = "urn:oid:2.16.840.1.113883.6.50"
* group[=].target = $pos
* insert SameList

RuleSet: SameList
* insert Same(01)
* insert Same(02)
* insert Same(03)
* insert Same(04)
* insert Same(10)
* insert Same(11)
* insert Same(12)
* insert Same(13)
* insert Same(14)
* insert Same(15)
* insert Same(17)
* insert Same(18)
* insert Same(19)
* insert Same(20)
* insert Same(21)
* insert Same(22)
* insert Same(23)
* insert Same(31)
* insert Same(32)
* insert Same(33)
* insert Same(49)
* insert Same(50)
* insert Same(61)
* insert Same(62)
* insert Same(71)
* insert Same(72)
* insert Same(99)
