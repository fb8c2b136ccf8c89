/**
 * Where sentences of an answer end, carried through the Markdown parser as marks inside the text and
 * taken out of its result again. A mark is a space, a private-use character, digits and commas, and a
 * closing private-use character: the space keeps emphasis before it closing as it would without.
 */

/** What stands after a sentence; `at` is its end in UTF-16 units. */
export type SentenceEnd =
	| { kind: "cited"; at: number; numbers: number[] }
	| { kind: "unsupported"; at: number }
	| { kind: "plain"; at: number };

const OPEN = "\uE000";
const CLOSE = "\uE001";
const MARK = / ?\uE000([cup])([\d,]*)\uE001/g;
const LETTER = { cited: "c", unsupported: "u", plain: "p" } as const;

function markOf(end: SentenceEnd): string {
	return ` ${OPEN}${LETTER[end.kind]}${end.kind === "cited" ? end.numbers.join(",") : ""}${CLOSE}`;
}

function endOf(letter: string, numbers: string): SentenceEnd {
	if (letter === "c") return { kind: "cited", at: 0, numbers: numbers.split(",").map(Number) };
	return letter === "u" ? { kind: "unsupported", at: 0 } : { kind: "plain", at: 0 };
}

/**
 * The sentence with its mark. Where a mark at the very end would change what the line is, it goes
 * elsewhere: below a line that closes a fence, before the border that closes a row of a table.
 */
function withMark(before: string, sentence: string, mark: string): string {
	const body = sentence.trimEnd();
	const rest = sentence.slice(body.length);
	const line = (before + body).slice((before + body).lastIndexOf("\n") + 1);
	if (/^ {0,3}(`{3,}|~{3,}|[-=*_]{3,}$)/.test(line)) return `${body}\n\n${mark.trimStart()}\n${rest}`;
	if (/^\s*\|.*\|$/.test(line)) return `${body.slice(0, -1).trimEnd()}${mark} |${rest}`;
	return body + mark + rest;
}

/** The text with a mark at the end of each sentence, before the white space that ends it. */
export function markEnds(text: string, ends: readonly SentenceEnd[]): string {
	// The text's own private-use characters of these two values would be taken for marks.
	const clean = text.replace(/[\uE000\uE001]/g, "\uFFFD");
	let marked = "";
	let from = 0;
	for (const end of [...ends].sort((a, b) => a.at - b.at)) {
		const until = Math.max(from, Math.min(end.at, clean.length));
		marked += withMark(marked, clean.slice(from, until), markOf(end));
		from = until;
	}
	return marked + clean.slice(from);
}

/** Text and marks in order. */
export function splitMarks(text: string): (string | SentenceEnd)[] {
	const found: (string | SentenceEnd)[] = [];
	let from = 0;
	for (const match of text.matchAll(MARK)) {
		if (match.index > from) found.push(text.slice(from, match.index));
		found.push(endOf(match[1] ?? "p", match[2] ?? ""));
		from = match.index + match[0].length;
	}
	if (from < text.length) found.push(text.slice(from));
	return found;
}

/** The text without its marks, and the marks. */
export function stripMarks(text: string): { text: string; ends: SentenceEnd[] } {
	const parts = splitMarks(text);
	return {
		text: parts.filter((part) => typeof part === "string").join(""),
		ends: parts.filter((part) => typeof part !== "string"),
	};
}
