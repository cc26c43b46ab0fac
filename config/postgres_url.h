// The URL of a PostgreSQL database, as SQLAlchemy and libpq write it.
#pragma once

#include <string_view>

#include "base/result.h"
#include "config/settings.h"

namespace tocsin::config {

// What follows `postgresql://` or `postgresql+driver://`: [user[:password]@][host[:port],...]
// [/database][?parameter=value&...]. User, password, host and database may be percent-encoded; the
// password may hold `@`. The parameters are libpq's (sslmode, host for the folder of a socket,
// ...). https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING
//
// A message never shows what stands in the URL.
Result<PostgresSettings> ReadPostgresUrl(std::string_view rest);

}  // namespace tocsin::config
