/** What of a passage's text is worth showing. */
import type { Passage } from "../../wire/generated";

const plain = (text: string) => text.replace(/\s+/gu, " ").trim();

/**
 * Length of the lines at the beginning of a passage that repeat what stands above it: its title and,
 * where they are shown, its headings. 0 if nothing else would be left.
 */
export function repeatedStart(passage: Passage, withHeadings: boolean): number {
	const above = new Set([passage.title, ...(withHeadings ? passage.headings : [])].map(plain));
	let at = 0;
	for (;;) {
		const end = passage.text.indexOf("\n", at);
		if (end < 0) return at < passage.text.length && passage.text.slice(at).trim() !== "" ? at : 0;
		const line = plain(passage.text.slice(at, end));
		if (line !== "" && !above.has(line)) return at;
		at = end + 1;
	}
}
