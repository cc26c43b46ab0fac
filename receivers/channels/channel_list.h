// Every channel there is, one a line: TOCSIN_CHANNEL(Name) stands for the function MakeName of
// channels/<name>.cc and the type "<name>" in the settings. Included where TOCSIN_CHANNEL is
// defined.
TOCSIN_CHANNEL(Email)
TOCSIN_CHANNEL(Slack)
TOCSIN_CHANNEL(Discord)
TOCSIN_CHANNEL(Teams)
TOCSIN_CHANNEL(PagerDuty)
TOCSIN_CHANNEL(Ntfy)
TOCSIN_CHANNEL(Matrix)
TOCSIN_CHANNEL(GoogleChat)
TOCSIN_CHANNEL(Sms)
TOCSIN_CHANNEL(Webhook)
TOCSIN_CHANNEL(Console)
