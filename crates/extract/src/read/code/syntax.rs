//! The little that is known of languages: what begins comments and definitions.

/// What begins comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    /// Signs that make the rest of a line a comment.
    pub(super) line_comments: &'static [&'static str],
    /// Begin and end of comments over several lines.
    pub(super) block_comments: &'static [(&'static str, &'static str)],
}

const C_LIKE: Syntax = Syntax { line_comments: &["//"], block_comments: &[("/*", "*/")] };
const HASH: Syntax = Syntax { line_comments: &["#"], block_comments: &[] };
const MARKUP: Syntax = Syntax { line_comments: &[], block_comments: &[("<!--", "-->")] };
const SEMICOLON: Syntax = Syntax { line_comments: &[";"], block_comments: &[] };
const DASHES: Syntax =
    Syntax { line_comments: &["--"], block_comments: &[("/*", "*/"), ("{-", "-}"), ("--[[", "]]")] };

impl Syntax {
    /// The syntax of a language, by the name that detection gives it.
    pub(super) fn of(language: Option<&str>) -> Self {
        match language.unwrap_or_default() {
            "python" => {
                Self { line_comments: &["#"], block_comments: &[("\"\"\"", "\"\"\""), ("'''", "'''")] }
            }
            "ruby" | "perl" | "r" | "julia" | "elixir" | "bash" | "fish" | "nim" | "cmake" | "make"
            | "yaml" | "toml" | "properties" | "graphql" => HASH,
            "powershell" => Self { line_comments: &["#"], block_comments: &[("<#", "#>")] },
            "nix" | "terraform" => Self { line_comments: &["#"], block_comments: &[("/*", "*/")] },
            "php" => Self { line_comments: &["//", "#"], block_comments: &[("/*", "*/")] },
            "lisp" | "clojure" | "scheme" | "asm" => SEMICOLON,
            "ini" => Self { line_comments: &[";", "#"], block_comments: &[] },
            "sql" | "lua" | "haskell" => DASHES,
            "erlang" => Self { line_comments: &["%"], block_comments: &[] },
            "ocaml" | "fsharp" => Self { line_comments: &["//"], block_comments: &[("(*", "*)")] },
            "pascal" => Self { line_comments: &["//"], block_comments: &[("{", "}"), ("(*", "*)")] },
            "vb" | "basic" => Self { line_comments: &["'"], block_comments: &[] },
            "batch" => Self { line_comments: &["REM", "rem", "::"], block_comments: &[] },
            "fortran" => Self { line_comments: &["!"], block_comments: &[] },
            "xml" | "svelte" | "vue" => MARKUP,
            _ => C_LIKE,
        }
    }

    /// Whether a line, without its indentation, is a comment or an attribute that belongs to what
    /// follows it.
    pub(super) fn introduces(&self, line: &str) -> bool {
        self.line_comments.iter().any(|sign| line.starts_with(sign))
            || self.block_comments.iter().any(|(begin, _)| line.starts_with(begin))
            || line.starts_with("* ")
            || line == "*"
            || line == "*/"
            || line.starts_with('@')
            || line.starts_with("#[")
    }
}

/// Words that begin a definition, before or after modifiers.
const DEFINES: &[&str] = &[
    "fn",
    "func",
    "fun",
    "function",
    "def",
    "defp",
    "defn",
    "defmodule",
    "class",
    "struct",
    "enum",
    "union",
    "trait",
    "impl",
    "interface",
    "type",
    "module",
    "mod",
    "namespace",
    "object",
    "record",
    "protocol",
    "extension",
    "macro",
    "macro_rules!",
    "sub",
    "proc",
    "procedure",
    "package",
    "message",
    "service",
    "resource",
    "CREATE",
    "create",
    "BEGIN",
    "template",
    "instance",
    "data",
    "newtype",
    "test",
    "describe",
];
/// Those of them that begin what is made of other definitions.
const HOLDS: &[&str] = &[
    "class",
    "impl",
    "trait",
    "interface",
    "module",
    "mod",
    "namespace",
    "object",
    "protocol",
    "extension",
    "instance",
    "defmodule",
    "describe",
];
/// Words before them.
const MODIFIERS: &[&str] = &[
    "pub",
    "pub(crate)",
    "pub(super)",
    "public",
    "private",
    "protected",
    "internal",
    "static",
    "final",
    "abstract",
    "async",
    "export",
    "default",
    "const",
    "unsafe",
    "extern",
    "override",
    "virtual",
    "sealed",
    "partial",
    "open",
    "inline",
    "local",
    "declare",
    "data",
    "case",
    "suspend",
];

/// Whether a line, without its indentation, begins a definition.
pub(super) fn defines(line: &str) -> bool {
    defining_word(line).is_some()
}

/// Whether a line, without its indentation, begins a definition that holds others.
pub(super) fn holds(line: &str) -> bool {
    defining_word(line).is_some_and(|word| HOLDS.contains(&word))
}

fn defining_word(line: &str) -> Option<&str> {
    for word in line.split([' ', '\t', '(', '<', '{', ':']).filter(|word| !word.is_empty()).take(6) {
        if DEFINES.contains(&word) {
            return Some(word);
        }
        if !MODIFIERS.contains(&word) && !word.starts_with('"') {
            return None;
        }
    }
    None
}

/// Whether a line goes on with what was begun before it, or ends it.
pub(super) fn goes_on(line: &str) -> bool {
    let closes = line.starts_with(['}', ')', ']', '{', '>']);
    let first = line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    closes
        || matches!(
            first,
            "end"
                | "END"
                | "else"
                | "elif"
                | "elsif"
                | "except"
                | "finally"
                | "catch"
                | "rescue"
                | "where"
                | "then"
                | "fi"
                | "done"
                | "esac"
        )
}
