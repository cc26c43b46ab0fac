// Every intake there is, one a line: TOCSIN_INTAKE(Name) stands for the function MakeName of the
// file that answers the protocol. Included where TOCSIN_INTAKE is defined.
TOCSIN_INTAKE(JsonMetrics)
TOCSIN_INTAKE(Push)
