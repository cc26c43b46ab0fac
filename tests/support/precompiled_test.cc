// Nothing but the header that is precompiled with it.
