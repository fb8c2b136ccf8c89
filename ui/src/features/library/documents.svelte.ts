/** A long list of documents, fetched a page at a time as it comes into view. */
import { query } from "../../api/queries.svelte";
import type { Document, DocumentState, DocumentsReq, StateCounts } from "../../wire/generated";

export interface Filter {
	source: number | null;
	collection: number | null;
	state: DocumentState | null;
	text: string;
}

const PAGE = 100;
const ALL: Filter = { source: null, collection: null, state: null, text: "" };

const request = ({ source, collection, state, text }: Filter, offset: number): DocumentsReq => ({
	source,
	collection,
	state,
	text: text.trim() === "" ? null : text.trim(),
	document: null,
	path: null,
	offset,
	limit: PAGE,
});

export interface Overview {
	total: number;
	counts: StateCounts;
}

/** The first page, which also says how many there are. */
export function firstPage(filter: Filter) {
	return query("list_documents", request(filter, 0));
}

/** How many there are; undefined until the first page is here. */
export function overview(filter: Filter): Overview | undefined {
	const data = firstPage(filter).data;
	return data && { total: data.total, counts: data.counts };
}

/** The document at this place of the list; undefined until its page is here. */
export function documentAt(filter: Filter, index: number): Document | undefined {
	const offset = Math.floor(index / PAGE) * PAGE;
	return query("list_documents", request(filter, offset)).data?.documents[index - offset];
}

/** How many documents are in a state, of those that the filter lets through. */
export function countOf(counts: StateCounts, state: DocumentState | null): number {
	// The list of all shows those whose files are gone as well.
	if (state === null) return counts.total + counts.missing;
	// Being read is shown under waiting: it lasts a moment.
	return state === "reading" ? 0 : counts[state];
}

/** Which of them can be found: as they are, by words so far, or as they were before they changed. */
export const findable = (counts: StateCounts): number => counts.indexed + counts.words + counts.stale;

/** Those that are meant to be found: what is of no kind that is read, or ruled out, is not counted. */
export const meant = (counts: StateCounts): number => counts.total - counts.skipped;

/** Those that could not be read, for whatever reason; what "retry" queues again. */
export const unread = (counts: StateCounts): number =>
	counts.failed + counts.needs_ocr + counts.needs_password;

const RETRIED: readonly DocumentState[] = ["failed", "needs_ocr", "needs_password", "skipped"];

/** Whether the core queues it again when asked to. */
export const canRetry = (document: Document): boolean => RETRIED.includes(document.state);

/** The same document as it is now; the one given until that is known, and if it is no more. */
export function asItIsNow(document: Document): Document {
	const { data } = query("list_documents", { ...request(ALL, 0), document: document.id });
	return data?.documents[0] ?? document;
}
