// Calling functions: the language's own ones, and helpers for those who write others.
// Pure functions; errors say what was wrong with which argument, the caller adds the name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

// and or not len index slice call html js urlquery print printf println eq ne lt le gt ge.
FunctionMap BuiltinFunctions();
// The comparing ones of them.
void AddComparisons(FunctionMap* functions);

// Checks the number of arguments, pays for reading them, calls.
Result<Value> CallFunction(const Function& function, const Values& args, Budget& budget);

// A method of a time, span or named integer; nothing if it has none of that name.
std::optional<Result<Value>> CallMethod(const Value& receiver, std::string_view name,
                                        const Values& args);

// The argument with the index `i`, as a type. REQUIRES: there is one.
Result<std::string_view> TextArgument(const Values& args, std::size_t i);
Result<std::int64_t> IntArgument(const Values& args, std::size_t i);
Result<Time> TimeArgument(const Values& args, std::size_t i);
Error WrongType(const Value& given, std::string_view expected);

// A text that a function made, paid for.
Result<Value> MadeText(std::string text, Budget& budget);
// Before making a text of `factor` times that size.
Status CheckGrowth(std::string_view text, std::size_t factor, const Budget& budget);
// A list or map that a function made, paid for; an error if it nests too deeply.
Result<Value> MadeContainer(Value container, Budget& budget);

// What Go's escapers work on: a single text as it is, else as Print shows them all.
Result<std::string> JoinedText(const Values& args, const Budget& budget);

}  // namespace tocsin::gotemplate
