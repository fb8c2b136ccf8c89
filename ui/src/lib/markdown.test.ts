import { describe, expect, test } from "vitest";
import { GrowingMarkdown, type MdNode, parseAnswer } from "./markdown";
import type { SentenceEnd } from "./sentences";

/** The tree as one line, to compare with. */
function show(nodes: readonly MdNode[]): string {
	return nodes
		.map((node): string => {
			switch (node.kind) {
				case "text":
					return node.unsupported ? `~${node.text}~` : node.text;
				case "mark":
					return node.end.kind === "cited"
						? `[${node.end.numbers.join(",")}]`
						: node.end.kind === "plain"
							? ""
							: "[?]";
				case "element":
					return `<${node.tag}>${show(node.children)}</${node.tag}>`;
				case "link":
					return `<link ${node.href}>${show(node.children)}</link>`;
				case "inline_code":
					return `\`${node.text}\``;
				case "code":
					return `<code>${node.text}</code>`;
				case "break":
					return "⏎";
				default:
					return "<hr>";
			}
		})
		.join("");
}

const parse = (text: string, ends: SentenceEnd[] = []) => show(parseAnswer(text, ends));

/** Ends after each of the given sentences, which follow one another in the text. */
function endsOf(text: string, ...sentences: [string, number[] | "unsupported"][]): SentenceEnd[] {
	return sentences.map(([sentence, support]) => {
		const at = text.indexOf(sentence) + sentence.length;
		return support === "unsupported" ? { kind: "unsupported", at } : { kind: "cited", at, numbers: support };
	});
}

describe("an answer's Markdown", () => {
	test("keeps the ordinary elements", () => {
		expect(parse("# Title\n\nSome **bold** and *soft* `code`.\n\n1. one\n2. two")).toBe(
			"<h3>Title</h3><p>Some <strong>bold</strong> and <em>soft</em> `code`.</p><ol><li>one</li><li>two</li></ol>",
		);
		expect(parse("| a | b |\n|---|---|\n| 1 | 2 |")).toContain(
			"<tbody><tr><td>1</td><td>2</td></tr></tbody>",
		);
	});

	test("HTML is text, a picture its alternative text, a link its text and address", () => {
		expect(parse("<script>alert(1)</script>")).toBe("<p><script>alert(1)</script></p>");
		expect(parseAnswer("<b>x</b>", [])).toEqual([
			{
				kind: "element",
				tag: "p",
				start: null,
				children: [{ kind: "text", text: "<b>x</b>", unsupported: false }],
			},
		]);
		expect(parse("![map](http://a.example/x.png?leak=1)")).toBe("<p>map</p>");
		expect(JSON.stringify(parseAnswer("![map](http://a.example/x.png?leak=1)", []))).not.toContain(
			"a.example",
		);
		expect(parse("[here](https://a.example/?q=1)")).toBe("<p><link https://a.example/?q=1>here</link></p>");
	});

	test("a script's address makes no link", () => {
		expect(parse("[here](javascript:alert(1))")).toBe("<p>[here](javascript:alert(1))</p>");
	});
});

describe("citations", () => {
	test("stand after their sentence, and what has none is flagged whole", () => {
		const text = "First one. Second **bold** one. Third.";
		expect(
			parse(
				text,
				endsOf(text, ["First one.", [1]], ["Second **bold** one.", "unsupported"], ["Third.", [2, 3]]),
			),
		).toBe("<p>First one.[1]~ Second ~<strong>~bold~</strong>~ one.~[?] Third.[2,3]</p>");
	});

	test("do not keep emphasis from closing, in Latin script or Chinese", () => {
		const latin = "**All of it is bold.** Rest.";
		expect(parse(latin, endsOf(latin, ["**All of it is bold.**", [1]]))).toBe(
			"<p><strong>All of it is bold.</strong>[1] Rest.</p>",
		);
		const inside = "**All of it is bold.**";
		expect(parse(inside, [{ kind: "cited", at: inside.length - 2, numbers: [1] }])).toBe(
			"<p><strong>All of it is bold.[1]</strong></p>",
		);
		const chinese = "**夜间覆盖草帘。**后墙吸热。";
		expect(parse(chinese, endsOf(chinese, ["后墙吸热。", [2]]))).toContain("后墙吸热。[2]");
	});

	test("stand in list items, table cells and after code, never inside it", () => {
		const list = "- one.\n- two.";
		expect(parse(list, endsOf(list, ["- one.", [1]], ["- two.", "unsupported"]))).toBe(
			"<ul><li>one.[1]</li><li>~two.~[?]</li></ul>",
		);
		const table = "| a | b |\n|---|---|\n| 1 | 2 |";
		expect(parse(table, [{ kind: "cited", at: table.length, numbers: [4] }])).toContain("<td>2[4]</td>");
		const fence = "```\nlet x = 1;\n```\nAfter.";
		expect(
			parse(fence, [
				{ kind: "cited", at: 19, numbers: [1] },
				{ kind: "cited", at: fence.length, numbers: [2] },
			]),
		).toBe("<code>let x = 1;</code><p>[1]</p><p>After.[2]</p>");
		const code = "Run `ls -l`.";
		expect(parse(code, [{ kind: "cited", at: 8, numbers: [1] }])).toBe("<p>Run `ls -l`[1].</p>");
	});

	test("cannot be forged by an answer that holds the marks' characters", () => {
		expect(parse("see \uE000c7\uE001 there")).toBe("<p>see \uFFFDc7\uFFFD there</p>");
	});
});

describe("a growing answer", () => {
	const text = "First *piece*.\n\n```\ncode\n\nmore\n```\n\nLast **bo";

	test("keeps the identity of finished pieces and closes what is open", () => {
		const growing = new GrowingMarkdown();
		const before = growing.parse(text);
		const after = growing.parse(`${text}ld** end`);
		expect(before.map(({ nodes }) => show(nodes))).toEqual([
			"<p>First <em>piece</em>.</p>",
			"<code>code\n\nmore</code>",
			"<p>Last <strong>bo</strong></p>",
		]);
		expect(after[0]).toBe(before[0]);
		expect(after[1]).toBe(before[1]);
		expect(show(after[2]?.nodes ?? [])).toBe("<p>Last <strong>bold</strong> end</p>");
	});

	test("shows at each length what a whole parse would show, once it is finished", () => {
		const whole = "Intro.\n\n- a\n- b\n\n> quote\n\nEnd.";
		const growing = new GrowingMarkdown();
		for (let length = 1; length <= whole.length; length += 1) growing.parse(whole.slice(0, length));
		expect(
			growing
				.parse(whole)
				.map(({ nodes }) => show(nodes))
				.join(""),
		).toBe(parse(whole));
	});
});
