/** Rules of a source as they are written in a form, and back. */
import type { SourceRules } from "../../wire/generated";

const MEGABYTE = 1_000_000;

/** One pattern per line; blank lines say nothing. */
export function patternsOf(text: string): string[] {
	return text
		.split("\n")
		.map((line) => line.trim())
		.filter((line) => line !== "");
}

/** "PDF, .docx md" as endings: lower case, without dots and stars, each once. */
export function endingsOf(text: string): string[] {
	const words = text.split(/[\s,;，；、]+/).map((word) => word.replace(/^\*?\./, "").toLowerCase());
	return [...new Set(words.filter((word) => word !== ""))];
}

/**
 * A size in MB as bytes, with or without the unit; null, no limit, for nothing. Undefined for what is
 * no size: taking that for no limit would read what the person meant to leave out.
 */
export function bytesOf(megabytes: string): number | null | undefined {
	const written = megabytes.trim().replace(/\s*mb$/i, "");
	if (written === "") return null;
	const bytes = Math.round(Number(written.replace(",", ".")) * MEGABYTE);
	return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

export function megabytesOf(rules: SourceRules): string {
	return rules.max_bytes === null ? "" : String(Math.round(rules.max_bytes / 10_000) / 100);
}
