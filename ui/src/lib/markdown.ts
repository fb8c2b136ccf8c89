/**
 * Markdown as a tree of a few known node kinds, never as a string of HTML: whoever draws the tree
 * makes text nodes, so nothing in an answer can become markup. Pictures become their alternative
 * text, links become text with their address readable beside it.
 */
import MarkdownIt, { type Token } from "markdown-it";
import type { SentenceEnd } from "./sentences";
import { markEnds, splitMarks, stripMarks } from "./sentences";

const ELEMENTS = [
	"p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote",
	"table", "thead", "tbody", "tr", "th", "td", "strong", "em", "s",
] as const; // biome-ignore format: a list of names

export type ElementTag = (typeof ELEMENTS)[number];

export type MdNode =
	/** `unsupported`: part of a sentence for which no source was found. */
	| { kind: "text"; text: string; unsupported: boolean }
	/** What stands after a sentence: its citations, or that it has none. */
	| { kind: "mark"; end: SentenceEnd }
	| { kind: "element"; tag: ElementTag; start: number | null; children: MdNode[] }
	| { kind: "link"; href: string; children: MdNode[] }
	| { kind: "inline_code"; text: string }
	| { kind: "code"; text: string; language: string }
	| { kind: "break" }
	| { kind: "rule" };

/** A top-level piece; the same object as long as its source stays the same. */
export interface MdBlock {
	key: string;
	nodes: MdNode[];
}

const parser = new MarkdownIt({ html: false, linkify: false, breaks: true, typographer: false });

/** An answer's headings begin below those of the window. */
const HEADINGS: Record<string, ElementTag> = { h1: "h3", h2: "h3", h3: "h4", h4: "h5", h5: "h6", h6: "h6" };

function tagOf(token: Token): ElementTag | null {
	const name = HEADINGS[token.tag] ?? token.tag;
	return (ELEMENTS as readonly string[]).includes(name) ? (name as ElementTag) : null;
}

function pushText(into: MdNode[], text: string): void {
	for (const piece of splitMarks(text)) {
		if (typeof piece === "string") into.push({ kind: "text", text: piece, unsupported: false });
		else into.push({ kind: "mark", end: piece });
	}
}

/** Code shows no marks inside; they come after it. */
function pushCode(into: MdNode[], content: string, node: (text: string) => MdNode): void {
	const { text, ends } = stripMarks(content);
	into.push(node(text));
	for (const end of ends) into.push({ kind: "mark", end });
}

function leaf(token: Token, into: MdNode[]): void {
	switch (token.type) {
		case "text":
		case "text_special":
		case "html_inline":
		case "html_block":
			pushText(into, token.content);
			break;
		case "code_inline":
			pushCode(into, token.content, (text) => ({ kind: "inline_code", text }));
			break;
		case "fence":
		case "code_block":
			pushCode(into, token.content.replace(/\n$/, ""), (text) => ({
				kind: "code",
				text,
				language: /^[\w+#.-]{1,20}/.exec(token.info.trim())?.[0] ?? "",
			}));
			break;
		case "image":
			// `content` is the alternative text. The address is not even kept.
			pushText(into, token.content);
			break;
		case "softbreak":
		case "hardbreak":
			into.push({ kind: "break" });
			break;
		case "hr":
			into.push({ kind: "rule" });
			break;
		case "inline":
			into.push(...tree(token.children ?? []));
			break;
		default:
			if (token.content) pushText(into, token.content);
	}
}

/** Opening and closing tokens folded into nodes; a tag that is not on the list leaves its children. */
function tree(tokens: Token[]): MdNode[] {
	const root: MdNode[] = [];
	const open: MdNode[][] = [root];
	const here = () => open.at(-1) ?? root;
	for (const token of tokens) {
		if (token.nesting === 0) {
			leaf(token, here());
		} else if (token.nesting === -1) {
			if (open.length > 1) open.pop();
		} else {
			const children: MdNode[] = [];
			const tag = tagOf(token);
			if (token.type === "link_open") {
				here().push({ kind: "link", href: String(token.attrGet("href") ?? ""), children });
				open.push(children);
			} else if (tag === null || token.hidden) {
				open.push(here());
			} else {
				const start = token.attrGet("start");
				here().push({ kind: "element", tag, start: start === null ? null : Number(start), children });
				open.push(children);
			}
		}
	}
	return root;
}

/** Marks the text that lies between the end of the sentence before and an end without support. */
function flagUnsupported(nodes: MdNode[]): MdNode[] {
	let since: Extract<MdNode, { kind: "text" }>[] = [];
	const walk = (list: MdNode[]) => {
		for (const node of list) {
			if (node.kind === "text") {
				since.push(node);
			} else if (node.kind === "mark") {
				if (node.end.kind === "unsupported") for (const text of since) text.unsupported = true;
				since = [];
			} else if (node.kind === "element" || node.kind === "link") {
				walk(node.children);
			}
		}
	};
	walk(nodes);
	return nodes;
}

/** A finished answer; `ends` say what stands after which sentence. */
export function parseAnswer(text: string, ends: readonly SentenceEnd[]): MdNode[] {
	return flagUnsupported(tree(parser.parse(markEnds(text, ends), {})));
}

/** Where one piece may be parsed without the others: at blank lines outside fences. */
function pieces(text: string): string[] {
	const found: string[] = [];
	let current: string[] = [];
	let fence = "";
	for (const line of text.split("\n")) {
		const marker = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? "";
		if (fence === "" && marker !== "") fence = marker;
		else if (fence !== "" && marker.startsWith(fence)) fence = "";
		if (line.trim() === "" && fence === "") {
			if (current.length > 0) found.push(current.join("\n"));
			current = [];
		} else {
			current.push(line);
		}
	}
	if (current.length > 0) found.push(current.join("\n"));
	return found;
}

/** An emphasis that is still being written is shown as if it were closed. */
function closeOpen(text: string): string {
	const outsideCode = text.replace(/`[^`\n]*`/g, "");
	const stars = outsideCode.match(/\*\*/g)?.length ?? 0;
	return stars % 2 === 1 && !text.endsWith("*") ? `${text}**` : text;
}

/**
 * An answer that is still growing. Keep one of these per answer: finished pieces are parsed once and
 * keep their identity, only the last one is parsed again.
 */
export class GrowingMarkdown {
	#done: { source: string; block: MdBlock }[] = [];

	parse(text: string): MdBlock[] {
		const sources = pieces(text);
		const last = sources.length - 1;
		this.#done.length = Math.min(this.#done.length, sources.length);
		return sources.map((source, index) => {
			const known = this.#done[index];
			if (known && known.source === source) return known.block;
			const shown = index === last ? closeOpen(source) : source;
			const block = { key: String(index), nodes: tree(parser.parse(shown, {})) };
			// The open piece is remembered under the text it was shown with.
			this.#done[index] = { source: shown, block };
			return block;
		});
	}
}
