/** Where in a document the viewer is to open. */
import { count } from "../i18n/format";
import { t } from "../i18n/index.svelte";
import type { Citation, Document, Passage, TextSpan } from "../wire/generated";

export interface Place {
	document: number;
	/** The revision that `spans` index; null means the live one. */
	revision: number | null;
	title: string;
	path: string;
	headings: string[];
	/** Page, counted from 0. */
	page: number | null;
	pageLabel: string | null;
	line: number | null;
	/** To be highlighted; byte ranges of the canonical text. The first is scrolled into view. */
	spans: TextSpan[];
}

export function placeOfPassage(passage: Passage): Place {
	return {
		document: passage.document,
		revision: passage.revision,
		title: passage.title,
		path: passage.path,
		headings: passage.headings,
		page: passage.page,
		pageLabel: passage.page_label,
		line: passage.line,
		spans: passage.spans,
	};
}

export function placeOfCitation(citation: Citation): Place {
	return {
		document: citation.document,
		revision: citation.revision,
		title: citation.title,
		path: citation.path,
		headings: citation.headings,
		page: citation.page,
		pageLabel: citation.page_label,
		line: citation.line,
		spans: [citation.span],
	};
}

export function placeOfDocument(document: Document): Place {
	return {
		document: document.id,
		revision: null,
		title: document.title,
		path: document.path,
		headings: [],
		page: null,
		pageLabel: null,
		line: null,
		spans: [],
	};
}

/** The page's own label, or its number counted from 1. */
export function pageLabel(page: number | null, label: string | null): string | null {
	if (label !== null && label !== "") return label;
	return page === null ? null : String(page + 1);
}

/** Anything that stands at a place in a document. */
type Located = Pick<Passage, "headings" | "page" | "page_label" | "line">;

/** "Page 12" or "Line 40"; empty when neither is known. */
export function spot(located: Located): string {
	const label = pageLabel(located.page, located.page_label);
	if (label !== null) return t().passages.page(label);
	return located.line === null ? "" : t().passages.line(count(located.line));
}

/** The headings above it, outermost first, without those that only repeat the title. */
export function headingPath(headings: readonly string[], title: string): string {
	return headings
		.filter((heading, index) => heading !== title && heading !== headings[index - 1])
		.join(" › ");
}
