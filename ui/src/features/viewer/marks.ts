/** Which parts of a block are to be marked. Spans count bytes, strings count UTF-16 units. */
import { normalise, type Range } from "../../lib/parts";
import { byteToUtf16 } from "../../lib/utf8";
import type { Block, TextSpan } from "../../wire/generated";

export function marksIn(block: Block, spans: readonly TextSpan[]): Range[] {
	const ranges = spans
		.filter((span) => span.start < block.end && span.end > block.start)
		.map((span) => ({
			start: byteToUtf16(block.text, Math.max(0, span.start - block.start)),
			end: byteToUtf16(block.text, Math.min(block.end, span.end) - block.start),
		}));
	return normalise(ranges, block.text.length);
}

export interface Cell {
	text: string;
	marks: Range[];
}

const BORDER = " | ";

/** The rows and cells of a table's text, which has a line per row and " | " between cells. */
export function cells(text: string, marks: readonly Range[]): Cell[][] {
	let at = 0;
	return text.split("\n").map((line) => {
		const row = line.split(BORDER).map((cell) => {
			const start = at;
			at += cell.length + BORDER.length;
			const own = marks.map((mark) => ({ start: mark.start - start, end: mark.end - start }));
			return { text: cell, marks: normalise(own, cell.length) };
		});
		// The last cell has no border after it, but the line has its end.
		at += 1 - BORDER.length;
		return row;
	});
}
