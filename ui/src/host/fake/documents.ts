/** From the invented texts to blocks with byte offsets and to chunks, as the core would make them. */
import { utf8Bytes } from "../../lib/utf8";
import type { Block, BlockKind, Spot, TextSpan } from "../../wire/generated";
import type { FakeText } from "./texts";

export interface Chunk {
	id: number;
	text: string;
	span: TextSpan;
	headings: string[];
	page: number | null;
	line: number | null;
	spot: Spot | null;
	member: string | null;
}

export interface Parsed {
	blocks: Block[];
	chunks: Chunk[];
	pages: number | null;
}

interface Line {
	kind: BlockKind;
	level: number;
	text: string;
}

function lineOf(line: string): Line {
	const heading = /^(#+) (.*)$/.exec(line);
	if (heading) return { kind: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" };
	if (line.startsWith("- ")) return { kind: "list_item", level: 0, text: line.slice(2) };
	if (line.startsWith("> ")) return { kind: "quote", level: 0, text: line.slice(2) };
	if (line.startsWith("| ")) return { kind: "table", level: 0, text: line.slice(2) };
	if (line.startsWith("Furniture line: ")) return { kind: "furniture", level: 0, text: line.slice(16) };
	return { kind: "paragraph", level: 0, text: line };
}

/** A line such as "@cells Budget B2:D17" says where what follows stands. */
function spotOf(words: string): Spot | null {
	const [kind = "", first = "", ...rest] = words.split(" ");
	switch (kind) {
		case "slide":
			return { kind, slide: Number(first), notes: rest[0] === "notes" };
		case "cells":
			return { kind, sheet: first, range: rest.join(" ") };
		case "chapter":
			return { kind, chapter: Number(first), title: rest.join(" ") || null };
		case "paragraph":
			return { kind, number: Number(first), page: rest[0] === undefined ? null : Number(rest[0]) };
		case "mail":
			return { kind, message: Number(first), part: rest[0] ?? "" };
		default:
			return null;
	}
}

/** Lines of one table, and lines between fences, are one block. */
function joined(lines: Line[], next: Line): boolean {
	const last = lines.at(-1);
	if (last?.kind !== next.kind || (next.kind !== "table" && next.kind !== "code")) return false;
	last.text += `\n${next.text}`;
	return true;
}

let nextChunk = 1;

export function parse(text: FakeText): Parsed {
	const hasPages = text.format === "pdf" || text.format === "image";
	const blocks: Block[] = [];
	const chunks: Chunk[] = [];
	let page = 0;
	let at = 0;
	let lineNumber = 0;
	let pending: Line[] = [];
	let inCode = false;
	let spot: Spot | null = null;
	let member: string | null = null;
	const headings: string[] = [];

	const flush = () => {
		for (const line of pending) {
			const length = utf8Bytes(line.text);
			const block: Block = {
				...line,
				start: at,
				end: at + length,
				page: hasPages ? page : null,
				page_label: hasPages ? String(page + 1) : null,
				line: hasPages || spot !== null ? null : lineNumber,
				spot,
				member,
			};
			blocks.push(block);
			if (line.kind === "heading") {
				headings.length = Math.max(0, line.level - 1);
				headings.push(line.text);
			} else if (line.kind !== "furniture") {
				chunks.push({
					id: nextChunk,
					text: line.text,
					span: { start: block.start, end: block.end },
					headings: [...headings],
					page: block.page,
					line: block.line,
					spot,
					member,
				});
				nextChunk += 1;
			}
			at += length + 2;
		}
		pending = [];
	};

	for (const raw of text.lines.split("\n")) {
		lineNumber += 1;
		if (raw.startsWith("```")) {
			inCode = !inCode;
		} else if (raw.startsWith("@") && !inCode) {
			flush();
			if (raw.startsWith("@member ")) member = raw.slice(8);
			else spot = spotOf(raw.slice(1));
		} else if (raw === "---" && !inCode) {
			flush();
			if (hasPages) page += 1;
		} else {
			const line: Line = inCode ? { kind: "code", level: 0, text: raw } : lineOf(raw);
			if (!joined(pending, line)) {
				flush();
				pending.push(line);
			}
		}
	}
	flush();
	return { blocks, chunks, pages: hasPages ? page + 1 : null };
}
