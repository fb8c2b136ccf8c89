/** Draws a page of an invented PDF, and knows where each line stands on it. */
import { split } from "../../lib/parts";
import { byteToUtf16 } from "../../lib/utf8";
import type { Block, PageHighlight, PageImageRes, PageRect, TextSpan } from "../../wire/generated";

const WIDTH = 595;
const HEIGHT = 842;
const MARGIN = 64;

interface Drawn {
	text: string;
	x: number;
	y: number;
	size: number;
	font: string;
	/** Index of the first character in its block, and the block. */
	from: number;
	block: Block;
}

function styleOf(block: Block): { size: number; font: string; leading: number; before: number } {
	if (block.kind === "heading") {
		const size = block.level === 1 ? 20 : 13;
		return {
			size,
			font: `600 ${size}px "Noto Sans CJK SC", sans-serif`,
			leading: size * 1.35,
			before: block.level === 1 ? 8 : 18,
		};
	}
	if (block.kind === "furniture")
		return { size: 8, font: '8px "Noto Sans CJK SC", sans-serif', leading: 12, before: 0 };
	return { size: 10.5, font: '10.5px "Noto Serif CJK SC", serif', leading: 16.5, before: 8 };
}

/** Words for Latin script, single characters for Chinese: what may begin a new line. */
const pieces = (text: string) => text.match(/\p{Script=Han}|[^\s\p{Script=Han}]+\s*|\s+/gu) ?? [];

function layout(context: CanvasRenderingContext2D, blocks: readonly Block[]): Drawn[] {
	const drawn: Drawn[] = [];
	let y = MARGIN;
	for (const block of blocks) {
		const { size, font, leading, before } = styleOf(block);
		context.font = font;
		y += before;
		let line = "";
		let from = 0;
		let at = 0;
		const end = () => {
			drawn.push({ text: line, x: MARGIN, y, size, font, from, block });
			y += leading;
			from = at;
			line = "";
		};
		for (const piece of pieces(block.text)) {
			const tooWide = context.measureText(line + piece.trimEnd()).width > WIDTH - 2 * MARGIN;
			if (line !== "" && tooWide) end();
			line += piece;
			at += piece.length;
			if (piece.includes("\n")) end();
		}
		if (line !== "") end();
	}
	return drawn;
}

function canvasOf(width: number): { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D } {
	const canvas = document.createElement("canvas");
	canvas.width = width;
	canvas.height = Math.round((width * HEIGHT) / WIDTH);
	const context = canvas.getContext("2d");
	if (!context) throw new Error("no canvas");
	return { canvas, context };
}

export function pageImage(blocks: readonly Block[], page: number, width: number): PageImageRes {
	const { canvas, context } = canvasOf(width);
	context.fillStyle = "white";
	context.fillRect(0, 0, canvas.width, canvas.height);
	context.scale(width / WIDTH, width / WIDTH);
	context.fillStyle = "#1d1d1f";
	context.textBaseline = "top";
	for (const { text, x, y, font } of layout(
		context,
		blocks.filter((block) => block.page === page),
	)) {
		context.font = font;
		context.fillText(text, x, y);
	}
	context.font = "8px sans-serif";
	context.fillText(String(page + 1), WIDTH / 2, HEIGHT - 40);
	const png_base64 = canvas.toDataURL("image/png").replace(/^data:[^,]*,/, "");
	return { png_base64, width: canvas.width, height: canvas.height };
}

/** The rectangles of what is marked in one line. */
function rectsOf(context: CanvasRenderingContext2D, line: Drawn, spans: readonly TextSpan[]): PageRect[] {
	const { block } = line;
	context.font = line.font;
	const ranges = spans
		.filter((span) => span.start < block.end && span.end > block.start)
		.map((span) => ({
			start: byteToUtf16(block.text, Math.max(0, span.start - block.start)) - line.from,
			end: byteToUtf16(block.text, span.end - block.start) - line.from,
		}));
	const rects: PageRect[] = [];
	let x = line.x;
	for (const part of split(line.text, ranges)) {
		const width = context.measureText(part.text.trimEnd()).width;
		if (part.marked && width > 0) rects.push({ x, y: line.y - 1, width, height: line.size + 4 });
		x += context.measureText(part.text).width;
	}
	return rects;
}

export function highlights(blocks: readonly Block[], spans: readonly TextSpan[]): PageHighlight[] {
	const { context } = canvasOf(WIDTH);
	const pages = [...new Set(blocks.map((block) => block.page).filter((page) => page !== null))];
	return pages
		.map((page) => ({
			page,
			width: WIDTH,
			height: HEIGHT,
			rects: layout(
				context,
				blocks.filter((block) => block.page === page),
			).flatMap((line) => rectsOf(context, line, spans)),
		}))
		.filter(({ rects }) => rects.length > 0);
}
