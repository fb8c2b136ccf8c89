//! Who may depend on whom. The table is the architecture; this check keeps it true.

use crate::shell::cargo;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;

/// Each member with those of ours that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("docent-corpus", &[]),
    ("docent-text", &[]),
    ("docent-extract", &["docent-corpus", "docent-text"]),
    ("docent-kernels", &[]),
    ("docent-inference", &["docent-corpus", "docent-kernels"]),
    ("docent-engine", &["docent-corpus", "docent-inference"]),
    ("docent-vector-store", &["docent-corpus", "docent-text"]),
    ("docent-library", &["docent-corpus", "docent-text"]),
    ("docent-model-hub", &["docent-corpus"]),
    ("docent-keeping", &["docent-corpus", "docent-library"]),
    (
        "docent-ingest",
        &[
            "docent-corpus",
            "docent-text",
            "docent-extract",
            "docent-inference",
            "docent-vector-store",
            "docent-library",
        ],
    ),
    (
        "docent-answer",
        &["docent-corpus", "docent-text", "docent-inference", "docent-vector-store", "docent-library"],
    ),
    (
        "docent-api",
        &[
            "docent-corpus",
            "docent-text",
            "docent-extract",
            "docent-inference",
            "docent-vector-store",
            "docent-library",
            "docent-model-hub",
            "docent-keeping",
            "docent-ingest",
            "docent-answer",
        ],
    ),
    ("docent-cli", &["docent-api", "docent-corpus"]),
    ("docent-desktop", &["docent-api", "docent-corpus"]),
    ("xtask", &[]),
];

/// Foreign crates that only one member may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    (
        "docent-desktop",
        &[
            "tauri",
            "tauri-build",
            "tauri-plugin-dialog",
            "tauri-plugin-single-instance",
            "tauri-plugin-window-state",
        ],
    ),
    (
        "docent-inference",
        &["candle-core", "candle-nn", "candle-transformers", "tokenizers", "safetensors", "minijinja"],
    ),
    ("docent-vector-store", &["lancedb", "lance", "lance-io", "object_store", "arrow"]),
    ("docent-library", &["rusqlite"]),
    ("docent-model-hub", &["reqwest", "hf-hub", "ureq", "hyper"]),
    (
        "docent-extract",
        &[
            "pdfium-render",
            "dom_query",
            "dom_smoothie",
            "pulldown-cmark",
            "calamine",
            "office_oxide",
            "rbook",
            "mail-parser",
        ],
    ),
    ("docent-text", &["icu_segmenter"]),
];

/// Programs may be tests of anything; `docent-tests` may use all of ours.
const FREE: &[&str] = &["docent-tests"];

/// Fails with every arrow that points where it must not.
pub(crate) fn check() -> Result<()> {
    let output = cargo()?.args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    anyhow::ensure!(output.status.success(), "cargo metadata failed");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let faults = faults(&dependencies(&metadata)?);
    if !faults.is_empty() {
        bail!("the layering is broken:\n  {}", faults.join("\n  "));
    }
    println!("layering: {} members, every arrow points down", MAY_USE.len() + FREE.len());
    Ok(())
}

/// Member -> names of what it depends on, development dependencies left out.
fn dependencies(metadata: &Value) -> Result<BTreeMap<String, Vec<String>>> {
    let packages = metadata["packages"].as_array().context("no packages in the metadata")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(packages
        .iter()
        .map(|package| {
            let needed = package["dependencies"].as_array().into_iter().flatten();
            let names = needed
                .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
                .map(|dependency| text(&dependency["name"]))
                .collect();
            (text(&package["name"]), names)
        })
        .collect())
}

fn faults(members: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    for (member, needed) in members.iter().filter(|(member, _)| !FREE.contains(&member.as_str())) {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == member) else {
            faults.push(format!("{member} is not in the table: say what it may use"));
            continue;
        };
        for name in needed {
            let is_ours = members.contains_key(name);
            if is_ours && !allowed.contains(&name.as_str()) {
                faults.push(format!("{member} uses {name}"));
            }
            let owner = ONLY_IN.iter().find(|(_, names)| names.contains(&name.as_str()));
            if let Some((owner, _)) = owner.filter(|(owner, _)| owner != member) {
                faults.push(format!("{member} names {name}, only {owner} may"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(of: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        of.iter()
            .map(|(name, needed)| (name.to_string(), needed.iter().map(|name| name.to_string()).collect()))
            .collect()
    }

    #[test]
    fn downward_arrows_pass() {
        let tree =
            members(&[("docent-corpus", &["serde"]), ("docent-library", &["docent-corpus", "rusqlite"])]);
        assert_eq!(faults(&tree), Vec::<String>::new());
    }

    #[test]
    fn an_upward_arrow_a_stolen_engine_and_a_stranger_are_named() {
        let tree = members(&[
            ("docent-corpus", &["docent-library"]),
            ("docent-library", &["lancedb"]),
            ("docent-new", &[]),
        ]);
        let found = faults(&tree);
        assert!(found.iter().any(|fault| fault == "docent-corpus uses docent-library"));
        assert!(found.iter().any(|fault| fault.starts_with("docent-library names lancedb")));
        assert!(found.iter().any(|fault| fault.starts_with("docent-new is not in the table")));
        assert_eq!(found.len(), 3);
    }
}
