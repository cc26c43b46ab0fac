// Every channel there is, one a line: TOCSIN_CHANNEL(Name) stands for the function MakeName of
// channels/<name>.cc and the type "<name>" in the settings. Included where TOCSIN_CHANNEL is
// defined.
TOCSIN_CHANNEL(Webhook)
TOCSIN_CHANNEL(Console)
