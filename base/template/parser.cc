#include "base/template/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/template/lexer.h"
#include "base/template/pipeline_parser.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using TokenKind = Token::Kind;

// Where a block ended: {{end}}, {{else}}, or the end of the file.
enum class BlockEnd : std::uint8_t { kEnd, kElse, kEndOfFile };

class Parser {
 public:
  Parser(const std::shared_ptr<const Source>& source, std::vector<Token> tokens,
         const FunctionMap& functions, const std::vector<std::string>& variables)
      : source_(source),
        cursor_(*source, std::move(tokens)),
        pipelines_(&cursor_, functions, variables) {}

  Result<Definitions> Run() {
    auto top = std::make_shared<Definition>();
    top->name = source_->file_name();
    top->source = source_;
    top_level_ = true;
    Result<BlockEnd> end = ParseBlock(&top->body);
    if (!end) return end.error();
    if (*end != BlockEnd::kEndOfFile) {
      return cursor_.Fail(block_end_, fmt::format("unexpected {{{{{}}}}}; nothing is open",
                                                  *end == BlockEnd::kEnd ? "end" : "else"));
    }
    Status status = Store(std::move(top), 0);
    if (!status.ok()) return status.error();
    return std::move(definitions_);
  }

 private:
  Status Store(std::shared_ptr<const Definition> definition, std::size_t offset) {
    const auto found = definitions_.find(definition->name);
    if (found != definitions_.end() && !found->second->IsEmpty() && !definition->IsEmpty()) {
      return cursor_.Fail(offset, fmt::format("template {} is defined twice in this file",
                                              QuoteForMessage(definition->name)));
    }
    const std::string name = definition->name;
    Define(name, std::move(definition), &definitions_);
    return {};
  }

  Result<BlockEnd> ParseBlock(Block* block) {
    while (true) {
      const Token token = cursor_.Next();
      if (token.kind == TokenKind::kEndOfFile) return BlockEnd::kEndOfFile;
      if (token.kind == TokenKind::kText) {
        Statement text;
        text.text = token.text;
        text.extent = {token.offset, token.offset + token.text.size()};
        block->push_back(std::move(text));
        continue;
      }
      // What the lexer puts outside actions is text and the opening of one.
      Result<std::optional<BlockEnd>> end = ParseAction(token.offset, block);
      if (!end) return end.error();
      if (*end) {
        block_end_ = token.offset;
        return **end;
      }
    }
  }

  Result<std::optional<BlockEnd>> ParseAction(std::size_t open, Block* block) {
    const Token word = cursor_.PeekNonSpace();
    const std::string_view keyword = word.kind == TokenKind::kWord ? word.text : std::string_view();
    if (keyword == "end" || keyword == "else") {
      cursor_.NextNonSpace();
      if (keyword == "else") return std::optional(BlockEnd::kElse);
      Status status = ExpectClose("end");
      if (!status.ok()) return status.error();
      return std::optional(BlockEnd::kEnd);
    }
    Status status = ParseStatement(open, keyword, block);
    if (!status.ok()) return status.error();
    return std::optional<BlockEnd>();
  }

  Status ParseStatement(std::size_t open, std::string_view keyword, Block* block) {
    if (keyword == "define") return ParseDefine(open);
    Statement statement;
    Status status;
    if (keyword == "if" || keyword == "with" || keyword == "range") {
      cursor_.NextNonSpace();
      status = ParseControl(open, keyword, &statement);
    } else if (keyword == "template" || keyword == "block") {
      cursor_.NextNonSpace();
      status = ParseTemplateCall(open, keyword, &statement);
    } else if (keyword == "break" || keyword == "continue") {
      cursor_.NextNonSpace();
      status = ParseJump(open, keyword, &statement);
    } else {
      status = ParseOutput(&statement);
    }
    if (!status.ok()) return status;
    statement.extent = {open, cursor_.offset()};
    block->push_back(std::move(statement));
    return {};
  }

  Status ParseOutput(Statement* statement) {
    statement->kind = Statement::Kind::kAction;
    Result<std::unique_ptr<Pipeline>> pipeline = pipelines_.Parse("an action", TokenKind::kClose);
    if (!pipeline) return pipeline.error();
    statement->pipeline = *std::move(pipeline);
    return {};
  }

  Status ParseJump(std::size_t open, std::string_view keyword, Statement* statement) {
    statement->kind = keyword == "break" ? Statement::Kind::kBreak : Statement::Kind::kContinue;
    if (range_depth_ == 0) {
      return cursor_.Fail(open, fmt::format("{{{{{}}}}} stands outside of any range", keyword));
    }
    return ExpectClose(keyword);
  }

  Status ExpectClose(std::string_view after) {
    const Token token = cursor_.NextNonSpace();
    if (token.kind == TokenKind::kClose) return {};
    return cursor_.Unexpected(token, fmt::format("'}}}}' after \"{}\"", after));
  }

  static Statement::Kind ControlKind(std::string_view keyword) {
    if (keyword == "if") return Statement::Kind::kIf;
    return keyword == "with" ? Statement::Kind::kWith : Statement::Kind::kRange;
  }

  Status ParseControl(std::size_t open, std::string_view keyword, Statement* statement) {
    statement->kind = ControlKind(keyword);
    const Nested nested(this);
    if (nested.too_deep()) return TooDeep(open);
    const std::size_t variables = pipelines_.Mark();
    range_depth_ += keyword == "range" ? 1 : 0;
    Status status = ParseBranches(open, keyword, statement);
    pipelines_.Release(variables);
    return status;
  }

  Status ParseBranches(std::size_t open, std::string_view keyword, Statement* statement) {
    while (true) {
      Branch branch;
      Result<std::unique_ptr<Pipeline>> pipeline =
          pipelines_.Parse(fmt::format("\"{}\"", keyword), TokenKind::kClose);
      if (!pipeline) return pipeline.error();
      branch.pipeline = *std::move(pipeline);
      Result<BlockEnd> end = ParseInner(open, keyword, &branch.body);
      if (!end) return end.error();
      statement->branches.push_back(std::move(branch));
      if (statement->branches.size() == 1 && keyword == "range") --range_depth_;
      if (*end == BlockEnd::kEnd) return {};

      const Token next = cursor_.PeekNonSpace();
      const bool chained =
          next.kind == TokenKind::kWord && next.text == keyword && keyword != "range";
      if (!chained) return ParseElse(open, keyword, statement);
      cursor_.NextNonSpace();
    }
  }

  Status ParseElse(std::size_t open, std::string_view keyword, Statement* statement) {
    Status status = ExpectClose("else");
    if (!status.ok()) return status;
    Result<BlockEnd> end = ParseInner(open, keyword, &statement->otherwise);
    if (!end) return end.error();
    if (*end == BlockEnd::kElse) {
      return cursor_.Fail(block_end_, "unexpected second {{else}}; expected {{end}}");
    }
    return {};
  }

  // The body of something that began at `open` and needs an {{end}}.
  Result<BlockEnd> ParseInner(std::size_t open, std::string_view keyword, Block* block) {
    const bool was_top_level = std::exchange(top_level_, false);
    Result<BlockEnd> end = ParseBlock(block);
    top_level_ = was_top_level;
    if (end.ok() && *end == BlockEnd::kEndOfFile) {
      return cursor_.Fail(open,
                          fmt::format("\"{}\" is never closed; expected {{{{end}}}}", keyword));
    }
    return end;
  }

  Result<std::string> ParseName(std::string_view keyword) {
    const Token token = cursor_.NextNonSpace();
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString) {
      return cursor_.Unexpected(token,
                                fmt::format("a template's name in quotes after \"{}\"", keyword));
    }
    return cursor_.UnquoteToken(token);
  }

  Status ParseDefine(std::size_t open) {
    cursor_.NextNonSpace();
    if (!top_level_) {
      return cursor_.Fail(open, "\"define\" stands inside another block; move it outside");
    }
    Result<std::string> name = ParseName("define");
    if (!name) return name.error();
    Status status = ExpectClose("define");
    if (!status.ok()) return status;
    return ParseDefinition(open, "define", *std::move(name));
  }

  // Its body sees neither the variables nor the range around it.
  Status ParseDefinition(std::size_t open, std::string_view keyword, std::string name) {
    const Nested nested(this);
    if (nested.too_deep()) return TooDeep(open);
    auto definition = std::make_shared<Definition>();
    definition->name = std::move(name);
    definition->source = source_;
    const int ranges = std::exchange(range_depth_, 0);
    std::vector<std::string> variables = pipelines_.EnterDefinition();
    Result<BlockEnd> end = ParseInner(open, keyword, &definition->body);
    pipelines_.LeaveDefinition(std::move(variables));
    range_depth_ = ranges;
    if (!end) return end.error();
    if (*end == BlockEnd::kElse) {
      return cursor_.Fail(block_end_, fmt::format("unexpected {{{{else}}}} in \"{}\"", keyword));
    }
    return Store(std::move(definition), open);
  }

  Status ParseTemplateCall(std::size_t open, std::string_view keyword, Statement* statement) {
    statement->kind = Statement::Kind::kTemplate;
    Result<std::string> name = ParseName(keyword);
    if (!name) return name.error();
    statement->text = *name;
    if (cursor_.PeekNonSpace().kind == TokenKind::kClose && keyword == "template") {
      cursor_.NextNonSpace();
      return {};
    }
    Result<std::unique_ptr<Pipeline>> pipeline =
        pipelines_.Parse(fmt::format("\"{}\"", keyword), TokenKind::kClose);
    if (!pipeline) return pipeline.error();
    statement->pipeline = *std::move(pipeline);
    if (keyword == "template") return {};
    return ParseDefinition(open, "block", *std::move(name));
  }

  class Nested {
   public:
    explicit Nested(Parser* parser) : parser_(parser) { ++parser_->nesting_; }
    ~Nested() { --parser_->nesting_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    bool too_deep() const { return parser_->nesting_ > kMaxNesting; }

   private:
    Parser* const parser_;
  };

  Error TooDeep(std::size_t offset) const {
    return cursor_.Fail(offset, fmt::format("nested more than {} deep", kMaxNesting));
  }

  const std::shared_ptr<const Source> source_;
  TokenCursor cursor_;
  PipelineParser pipelines_;
  Definitions definitions_;
  std::size_t block_end_ = 0;  // the action that ended the last block
  int nesting_ = 0;
  int range_depth_ = 0;
  bool top_level_ = false;
};

}  // namespace

Result<Definitions> ParseTemplate(const std::shared_ptr<const Source>& source,
                                  const FunctionMap& functions,
                                  const std::vector<std::string>& variables) {
  Result<std::vector<Token>> tokens = Tokenize(*source);
  if (!tokens) return tokens.error();
  return Parser(source, *std::move(tokens), functions, variables).Run();
}

}  // namespace tocsin::gotemplate
