Profile: MassageProcedure
Parent: Procedure
Id: massage-procedure
Title: "Service with its minutes"
Description: "One service of a visit recorded the way this program reads best: one code, its minutes, who did it, where on the body. Minutes are also read from Observations and periods where the host's settings say so."
* extension contains TreatmentMinutes named treatmentMinutes 1..1 MS
* extension contains RecordedModifier named modifier 0..* MS
* basedOn MS
* status MS
* code 1..1 MS
* code.coding 1..*
* code from BilledCodeVS (example)
* subject MS
* subject only Reference(Patient)
* encounter 1..1 MS
* performed[x] 1..1 MS
* performed[x] only dateTime or Period
* performer MS
  * actor MS
* reasonCode MS
* reasonReference MS
* bodySite MS
