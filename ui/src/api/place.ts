/** Where in a document the viewer is to open, and how such a place is said. */
import { count } from "../i18n/format";
import { t } from "../i18n/index.svelte";
import type { Citation, Document, Passage, Spot, TextSpan } from "../wire/generated";

export interface Place {
	document: number;
	/** The revision that `spans` index; null means the live one. */
	revision: number | null;
	title: string;
	path: string;
	headings: string[];
	/** Page, counted from 0. */
	page: number | null;
	page_label: string | null;
	line: number | null;
	spot: Spot | null;
	/** The file within the file. */
	member: string | null;
	/** To be highlighted; byte ranges of the canonical text. The first is scrolled into view. */
	spans: TextSpan[];
}

/** Anything that stands at a place in a document. */
export type Located = Pick<Passage, "page" | "page_label" | "line" | "spot" | "member">;

function placeOf(where: Passage | Citation, spans: TextSpan[]): Place {
	const { document, revision, title, path, headings, page, page_label, line, spot, member } = where;
	return { document, revision, title, path, headings, page, page_label, line, spot, member, spans };
}

export const placeOfPassage = (passage: Passage): Place => placeOf(passage, passage.spans);
export const placeOfCitation = (citation: Citation): Place => placeOf(citation, [citation.span]);

export function placeOfDocument({ id, title, path }: Document): Place {
	return {
		document: id,
		revision: null,
		title,
		path,
		headings: [],
		page: null,
		page_label: null,
		line: null,
		spot: null,
		member: null,
		spans: [],
	};
}

/** The page's own label, or its number counted from 1. */
export function pageLabel(page: number | null, label: string | null): string | null {
	if (label !== null && label !== "") return label;
	return page === null ? null : String(page + 1);
}

/** A single mail is its own only message: its number would say nothing. */
const isSingleMail = (path: string) => /\.(eml|msg|emlx)$/i.test(path);

function ofSpot(spot: Spot, path: string): string {
	switch (spot.kind) {
		case "slide":
			return spot.notes ? t().places.slideNotes(count(spot.slide)) : t().places.slide(count(spot.slide));
		case "cells":
			return t().places.cells(spot.sheet, spot.range);
		case "chapter":
			return spot.title
				? t().places.chapterTitle(count(spot.chapter), spot.title)
				: t().places.chapter(count(spot.chapter));
		case "paragraph":
			return spot.page === null
				? t().places.paragraph(count(spot.number))
				: t().places.paragraphPage(count(spot.number), count(spot.page));
		case "mail":
			if (isSingleMail(path)) return spot.part === "" ? "" : t().places.part(spot.part);
			return spot.part === ""
				? t().places.message(count(spot.message))
				: t().places.messagePart(count(spot.message), spot.part);
		default:
			return "";
	}
}

/** Where it stands in its file, without the file within the file. */
export function spotAlone(located: Located, path: string): string {
	if (located.spot !== null) {
		const said = ofSpot(located.spot, located.member ?? path);
		if (said !== "") return said;
	}
	const label = pageLabel(located.page, located.page_label);
	if (label !== null) return t().places.page(label);
	return located.line === null ? "" : t().places.line(count(located.line));
}

/** "Page 12", "Line 40", "Sheet “Budget”, B2:D17, in report.xlsx inside archive.zip"; empty when nothing is known. */
export function spot(located: Located & { path: string }): string {
	const alone = spotAlone(located, located.path);
	if (located.member === null) return alone;
	const archive = located.path.split("/").at(-1) ?? located.path;
	return alone === ""
		? t().places.member(located.member, archive)
		: t().places.within(alone, located.member, archive);
}

/** The headings above it, outermost first, without those that only repeat the title. */
export function headingPath(headings: readonly string[], title: string): string {
	return headings
		.filter((heading, index) => heading !== title && heading !== headings[index - 1])
		.join(" › ");
}
