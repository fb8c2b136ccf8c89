import { describe, expect, test } from "vitest";
import type { Passage } from "../../wire/generated";
import { repeatedStart } from "./passage";

const passage = (text: string): Passage => ({
	chunk: 1,
	document: 1,
	revision: 1,
	source: 1,
	title: "阅览室手稿使用须知",
	path: "a.md",
	headings: ["阅览室手稿使用须知", "拍照 与  复制"],
	page: null,
	page_label: null,
	line: null,
	spot: null,
	member: null,
	spans: [],
	text,
	matches: [],
	score: 0,
	vector_rank: null,
	text_rank: null,
});

describe("what a passage repeats", () => {
	test("title and headings at its beginning are left out", () => {
		const text = "阅览室手稿使用须知\n拍照 与 复制\n可以给手稿拍照。";
		expect(text.slice(repeatedStart(passage(text), true))).toBe("可以给手稿拍照。");
		expect(text.slice(repeatedStart(passage(text), false))).toBe("拍照 与 复制\n可以给手稿拍照。");
	});

	test("other text stays, also where it comes first", () => {
		expect(repeatedStart(passage("可以给手稿拍照。\n拍照 与 复制"), true)).toBe(0);
	});

	test("a passage that is only its heading keeps it", () => {
		expect(repeatedStart(passage("拍照 与 复制"), true)).toBe(0);
		expect(repeatedStart(passage("阅览室手稿使用须知\n"), true)).toBe(0);
	});
});
