//! The list of models docent knows, read from `models/*.toml` and checked as a whole.
//!
//! A catalogue file is a list of `[[model]]` tables in the shape of [`ModelSpec`]. Nothing in it is
//! taken on trust that can be checked: a wrong entry refuses the whole catalogue, because an entry
//! that half works is found out only after a long download.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::error::HubError;
use crate::spec::{FileSource, FileSpec, ModelRole, ModelSpec};

/// All known models, in the order of the files and of the entries in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The models.
    pub models: Vec<ModelSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    model: Vec<ModelSpec>,
}

impl Catalogue {
    /// Reads every `*.toml` of `folder`, in the order of their names.
    pub fn load(folder: &Path) -> Result<Self, HubError> {
        let failed =
            |source| HubError::Io { step: "read the catalogue folder", path: folder.to_owned(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut texts = Vec::new();
        for path in &paths {
            let text = std::fs::read_to_string(path).map_err(|source| HubError::Io {
                step: "read the catalogue file",
                path: path.clone(),
                source,
            })?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            texts.push((name, text));
        }
        let borrowed: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Self::from_toml(&borrowed)
    }

    /// The catalogue this program was built with, for a program that stands alone.
    pub fn built_in() -> Result<Self, HubError> {
        Self::from_toml(&[
            ("embedders.toml", include_str!("../../../models/embedders.toml")),
            ("generators.toml", include_str!("../../../models/generators.toml")),
            ("rerankers.toml", include_str!("../../../models/rerankers.toml")),
        ])
    }

    /// Reads catalogue files given as (name, text); names appear in errors only.
    pub fn from_toml(files: &[(&str, &str)]) -> Result<Self, HubError> {
        let mut models = Vec::new();
        let mut names = BTreeSet::new();
        let mut defaults = Vec::new();
        for (file, text) in files {
            let parsed: CatalogueFile = toml::from_str(text).map_err(|source| HubError::CatalogueSyntax {
                file: (*file).to_owned(),
                source: Box::new(source),
            })?;
            for spec in parsed.model {
                let wrong = |reason: String| HubError::Catalogue {
                    file: (*file).to_owned(),
                    reason: format!("{}: {reason}", spec.name),
                };
                check_model(&spec).map_err(wrong)?;
                // Folders of two models must differ where file systems ignore case, too.
                if !names.insert(spec.name.to_lowercase()) {
                    return Err(wrong("the name is taken".to_owned()));
                }
                if spec.default {
                    if defaults.contains(&spec.role) {
                        return Err(wrong("another model is the default of this role".to_owned()));
                    }
                    defaults.push(spec.role);
                }
                models.push(spec);
            }
        }
        Ok(Self { models })
    }

    /// The model of that name.
    pub fn find(&self, name: &str) -> Option<&ModelSpec> {
        self.models.iter().find(|spec| spec.name == name)
    }

    /// The embedder to use unless the user chooses another.
    pub fn default_embedder(&self) -> Option<&ModelSpec> {
        self.default_of(ModelRole::Embedder)
    }

    /// The chat model to use unless the user chooses another.
    pub fn default_generator(&self) -> Option<&ModelSpec> {
        self.default_of(ModelRole::Generator)
    }

    /// The default of a role, if the catalogue names one.
    pub fn default_of(&self, role: ModelRole) -> Option<&ModelSpec> {
        self.models.iter().find(|spec| spec.default && spec.role == role)
    }
}

fn check_model(spec: &ModelSpec) -> Result<(), String> {
    ensure(is_safe_name(&spec.name), "the name must be letters, digits, “.”, “-” and “_”")?;
    ensure(!spec.title.trim().is_empty(), "the title is empty")?;
    ensure(!spec.licence.trim().is_empty(), "the licence is empty")?;
    ensure(!spec.files.is_empty(), "it has no files")?;
    ensure(!(spec.default && spec.untried), "a default must have been tried")?;
    ensure(spec.embedder.is_some() == (spec.role == ModelRole::Embedder), "[embedder] and role differ")?;
    ensure(spec.generator.is_some() == (spec.role == ModelRole::Generator), "[generator] and role differ")?;
    ensure(spec.reranker.is_some() == (spec.role == ModelRole::Reranker), "[reranker] and role differ")?;
    if let Some(embedder) = &spec.embedder {
        ensure((16..=8192).contains(&embedder.dimension), "the dimension is not plausible")?;
        ensure((16..=1 << 20).contains(&embedder.max_tokens), "max_tokens is not plausible")?;
    }
    if let Some(generator) = &spec.generator {
        ensure((256..=1 << 24).contains(&generator.context_tokens), "context_tokens is not plausible")?;
    }
    ensure((1 << 20..1 << 40).contains(&spec.size_bytes), "the size must be between 1 MiB and 1 TiB")?;
    if let Some(memory) = spec.min_memory_bytes {
        ensure(memory >= spec.size_bytes, "a model needs more memory than its size")?;
    }
    let mut names = BTreeSet::new();
    for file in &spec.files {
        ensure(names.insert(file.name.to_lowercase()), &format!("two files are named {}", file.name))?;
        check_file(file, spec.untried).map_err(|reason| format!("{}: {reason}", file.name))?;
    }
    let sizes: Vec<u64> = spec.files.iter().filter_map(|file| file.size).collect();
    let sum: u64 = sizes.iter().sum();
    ensure(sum <= spec.size_bytes, "its files are larger than itself")?;
    ensure(sizes.len() < spec.files.len() || sum == spec.size_bytes, "size_bytes is not the sum of its files")
}

fn check_file(file: &FileSpec, untried: bool) -> Result<(), String> {
    ensure(is_safe_name(&file.name), "the file name must be letters, digits, “.”, “-” and “_”")?;
    ensure(file.name != crate::record::RECORD, "the name is used for docent's own record")?;
    match &file.sha256 {
        Some(sha256) => {
            ensure(is_sha256(sha256), "sha256 must be 64 lower-case hex digits")?;
            ensure(file.size.is_some(), "a file with a sha256 needs its size")?;
        }
        None => ensure(untried, "a model that was tried names the sha256 of every file")?,
    }
    ensure(file.size != Some(0), "a file cannot be empty")?;
    ensure(!file.sources.is_empty(), "it has no source")?;
    file.sources.iter().try_for_each(|source| check_source(source, file.sha256.is_some()))
}

fn check_source(source: &FileSource, has_sha256: bool) -> Result<(), String> {
    match source {
        FileSource::Hub { repository, revision, path } => {
            let parts: Vec<&str> = repository.split('/').collect();
            ensure(
                parts.len() == 2 && parts.iter().all(|part| is_safe_name(part)),
                "repository must be owner/name",
            )?;
            ensure(is_safe_path(revision), "the revision is not a commit, tag or branch")?;
            ensure(is_safe_path(path), "the path is not a file of a repository")
        }
        FileSource::Wheel { package, version, member } => {
            ensure(has_sha256, "a wheel is a source only for a file whose sha256 is known")?;
            ensure(is_safe_name(package), "the package name is wrong")?;
            ensure(
                !version.is_empty()
                    && version.chars().all(|c| c.is_ascii_alphanumeric() || ".!+".contains(c)),
                "the version is wrong",
            )?;
            ensure(is_safe_path(member), "the member is not a file of a wheel")
        }
    }
}

fn ensure(holds: bool, reason: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason.to_owned()) }
}

/// One folder or file name that is the same on every system and leads nowhere else.
fn is_safe_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && !name.starts_with('.')
        && !name.ends_with('.')
}

fn is_safe_path(path: &str) -> bool {
    path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
}

/// 64 lower-case hex digits.
fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Catalogue {
        Catalogue::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")).unwrap()
    }

    #[test]
    fn the_shipped_catalogue_is_sound_and_built_in() {
        let catalogue = shipped();
        assert!(catalogue.models.len() >= 12, "{}", catalogue.models.len());
        assert_eq!(Catalogue::built_in().unwrap(), catalogue);
        let embedder = catalogue.default_embedder().unwrap();
        assert_eq!(embedder.name, "all-MiniLM-L6-v2");
        assert_eq!(embedder.embedder.as_ref().unwrap().dimension, 384);
        let generator = catalogue.default_generator().unwrap();
        assert_eq!(generator.name, "SmolLM2-135M-Instruct-Q4_1");
        assert_eq!(generator.size_bytes, 98_362_432);
    }

    #[test]
    fn the_defaults_come_from_the_hub_first_and_also_from_a_package() {
        for spec in [shipped().default_embedder().unwrap(), shipped().default_generator().unwrap()] {
            for file in &spec.files {
                assert!(file.sha256.is_some(), "{}", file.name);
                assert!(matches!(file.sources[0], FileSource::Hub { .. }), "{}", file.name);
                assert!(matches!(file.sources[1], FileSource::Wheel { .. }), "{}", file.name);
            }
        }
    }

    #[test]
    fn what_nobody_ran_is_marked_and_what_was_run_is_pinned() {
        for spec in &shipped().models {
            let pinned = spec.files.iter().all(|file| file.sha256.is_some());
            assert_eq!(pinned, !spec.untried, "{}", spec.name);
        }
    }

    const GOOD: &str = r#"
[[model]]
name = "m"
title = "M"
role = "generator"
licence = "MIT"
size_bytes = 2000000
default = true
generator = { context_tokens = 2048 }
[[model.files]]
name = "m.gguf"
sha256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
size = 2000000
sources = [{ hub = { repository = "a/b", revision = "main", path = "m.gguf" } }]
"#;

    fn refusal(from: &str, to: &str) -> String {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from}");
        let error = Catalogue::from_toml(&[("x.toml", &text)]).unwrap_err();
        assert_eq!(error.code(), "catalogue");
        crate::error::chain(&error)
    }

    #[test]
    fn a_good_entry_is_taken() {
        let catalogue = Catalogue::from_toml(&[("x.toml", GOOD)]).unwrap();
        assert_eq!(catalogue.find("m").unwrap().files[0].name, "m.gguf");
        assert!(catalogue.default_embedder().is_none());
    }

    #[test]
    fn wrong_entries_are_refused_with_the_reason() {
        assert!(refusal("53aa5117", "53AA5117").contains("64 lower-case"));
        assert!(refusal("sha256 = \"53", "sha256 = \"5").contains("64 lower-case"));
        assert!(refusal("\nsize = 2000000", "").contains("needs its size"));
        assert!(refusal("\nsize = 2000000", "\nsize = 1999999").contains("sum of its files"));
        assert!(refusal("size_bytes = 2000000", "size_bytes = 20").contains("1 MiB"));
        assert!(refusal("name = \"m\"", "name = \"../m\"").contains("name must be"));
        assert!(refusal("name = \"m.gguf\"", "name = \"a/m.gguf\"").contains("file name"));
        assert!(refusal("name = \"m.gguf\"", "name = \"installed.json\"").contains("own record"));
        assert!(refusal("a/b", "b").contains("owner/name"));
        assert!(refusal("path = \"m.gguf\"", "path = \"../m.gguf\"").contains("path"));
        assert!(refusal("role = \"generator\"", "role = \"embedder\"").contains("role differ"));
        assert!(refusal("default = true", "default = true\nuntried = true").contains("tried"));
        assert!(refusal("default = true", "speed = 3").contains("unknown field"));
        assert!(
            refusal(
                "sources = [{ hub = { repository = \"a/b\", revision = \"main\", path = \"m.gguf\" } }]",
                "sources = []"
            )
            .contains("no source")
        );
    }

    #[test]
    fn names_are_unique_even_where_case_does_not_count() {
        let other = GOOD.replace("name = \"m\"", "name = \"M\"").replace("default = true", "");
        let error = Catalogue::from_toml(&[("a.toml", GOOD), ("b.toml", &other)]).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
    }

    #[test]
    fn a_role_has_one_default() {
        let other = GOOD.replace("name = \"m\"", "name = \"n\"");
        let error = Catalogue::from_toml(&[("a.toml", GOOD), ("b.toml", &other)]).unwrap_err();
        assert!(error.to_string().contains("default"), "{error}");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = Catalogue::load(Path::new("/no/such/models")).unwrap_err();
        assert_eq!(error.code(), "model_io");
    }
}
