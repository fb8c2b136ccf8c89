/** Text split into plain and marked parts, so that marking needs no markup in strings. */

/** Half open: `start` is in, `end` is out. */
export interface Range {
	start: number;
	end: number;
}

export interface Part {
	text: string;
	marked: boolean;
}

/** Ranges within 0..length, sorted, without overlaps and empty ones. */
export function normalise(ranges: readonly Range[], length: number): Range[] {
	const sorted = ranges
		.map((range) => ({ start: Math.max(0, range.start), end: Math.min(length, range.end) }))
		.filter((range) => range.start < range.end)
		.sort((a, b) => a.start - b.start);
	const merged: Range[] = [];
	for (const range of sorted) {
		const last = merged.at(-1);
		if (last && range.start <= last.end) last.end = Math.max(last.end, range.end);
		else merged.push({ ...range });
	}
	return merged;
}

/** The whole text in order, cut at the ranges' borders (UTF-16 units). */
export function split(text: string, ranges: readonly Range[]): Part[] {
	const parts: Part[] = [];
	let at = 0;
	for (const range of normalise(ranges, text.length)) {
		if (range.start > at) parts.push({ text: text.slice(at, range.start), marked: false });
		parts.push({ text: text.slice(range.start, range.end), marked: true });
		at = range.end;
	}
	if (at < text.length || parts.length === 0) parts.push({ text: text.slice(at), marked: false });
	return parts;
}

/** A piece of a longer text, with the ranges that fall into it moved along. */
export interface Snippet {
	text: string;
	ranges: Range[];
	/** Whether text was left out before and after. */
	cutBefore: boolean;
	cutAfter: boolean;
}

const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/** Never between the two halves of a character. */
function onBorder(text: string, index: number): number {
	return index > 0 && index < text.length && isLowSurrogate(text.charCodeAt(index)) ? index - 1 : index;
}

/** After the last space in reach before `index`, so that a word stays whole where words have spaces. */
function wordStart(text: string, index: number): number {
	const space = text.lastIndexOf(" ", index);
	return space >= 0 && index - space < 16 ? space + 1 : onBorder(text, index);
}

/** About `length` units of `text` around the first range. */
export function snippet(text: string, ranges: readonly Range[], length: number): Snippet {
	const all = normalise(ranges, text.length);
	const first = all[0]?.start ?? 0;
	const wanted =
		text.length <= length ? 0 : Math.max(0, Math.min(first - Math.floor(length / 4), text.length - length));
	const start = wanted === 0 ? 0 : wordStart(text, wanted);
	const end = onBorder(text, Math.min(text.length, start + length));
	return {
		text: text.slice(start, end),
		ranges: normalise(
			all.map((range) => ({ start: range.start - start, end: range.end - start })),
			end - start,
		),
		cutBefore: start > 0,
		cutAfter: end < text.length,
	};
}
