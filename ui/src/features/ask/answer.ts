/** An answer in other shapes: for the Markdown parser, for the clipboard. */
import { headingPath, spot } from "../../api/place";
import { t } from "../../i18n/index.svelte";
import type { Range } from "../../lib/parts";
import type { SentenceEnd } from "../../lib/sentences";
import type { Citation, Message, Passage } from "../../wire/generated";

/** What stands after each sentence. An answer that was said by docent itself needs no support. */
export function sentenceEnds(message: Message): SentenceEnd[] {
	return message.sentences.map(({ at, citations, needs_support }) => {
		if (citations.length > 0) return { kind: "cited", at: at.end, numbers: citations };
		return { kind: needs_support && message.origin !== "refusal" ? "unsupported" : "plain", at: at.end };
	});
}

/** One line of a list of sources. */
function sourceLine(citation: Citation): string {
	const parts = [
		citation.title,
		headingPath(citation.headings, citation.title),
		spot(citation),
		citation.path,
	];
	return `[${citation.number}] ${[...new Set(parts.filter(Boolean))].join(", ")}`;
}

/** The answer as plain text, with its citations as [n] and the list of sources below. */
export function answerAsText(message: Message): string {
	let text = "";
	let from = 0;
	for (const sentence of [...message.sentences].sort((a, b) => a.at.end - b.at.end)) {
		const body = message.text.slice(from, sentence.at.end);
		const trimmed = body.trimEnd();
		const marks = sentence.citations.map((number) => `[${number}]`).join("");
		text += trimmed + (marks && ` ${marks}`) + body.slice(trimmed.length);
		from = sentence.at.end;
	}
	text += message.text.slice(from);
	if (message.citations.length === 0) return text.trim();
	return `${text.trim()}\n\n${t().answer.sources}\n${message.citations.map(sourceLine).join("\n")}`;
}

/** The citations that rest on this passage, by number. */
export function citationsOf(passage: Passage, citations: readonly Citation[]): Citation[] {
	return citations.filter(({ chunk }) => chunk === passage.chunk).sort((a, b) => a.number - b.number);
}

/** Where the cited sentences stand in the passage's text; otherwise where the words searched for do. */
export function marksOf(passage: Passage, cited: readonly Citation[]): Range[] {
	const quotes: Range[] = [];
	for (const { quote } of cited) {
		const start = quote === "" ? -1 : passage.text.indexOf(quote);
		if (start >= 0) quotes.push({ start, end: start + quote.length });
	}
	return quotes.length > 0 ? quotes : passage.matches;
}
