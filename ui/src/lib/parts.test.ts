import { describe, expect, test } from "vitest";
import { normalise, snippet, split } from "./parts";

describe("split", () => {
	test("keeps the whole text in order and marks what it is told to", () => {
		const parts = split("abcdef", [
			{ start: 4, end: 5 },
			{ start: 1, end: 3 },
		]);
		expect(parts.map(({ text }) => text).join("")).toBe("abcdef");
		expect(parts.filter(({ marked }) => marked).map(({ text }) => text)).toEqual(["bc", "e"]);
	});

	test("joins ranges that overlap or touch, and cuts those that reach outside", () => {
		expect(
			normalise(
				[
					{ start: -3, end: 2 },
					{ start: 2, end: 4 },
					{ start: 3, end: 99 },
				],
				5,
			),
		).toEqual([{ start: 0, end: 5 }]);
		expect(
			normalise(
				[
					{ start: 3, end: 3 },
					{ start: 9, end: 12 },
				],
				5,
			),
		).toEqual([]);
	});

	test("a text without marks is one part, an empty one too", () => {
		expect(split("abc", [])).toEqual([{ text: "abc", marked: false }]);
		expect(split("", [])).toEqual([{ text: "", marked: false }]);
	});
});

describe("snippet", () => {
	const long = `${"word ".repeat(100)}needle ${"tail ".repeat(100)}`;
	const at = long.indexOf("needle");

	test("is about the first range, and moves it along", () => {
		const found = snippet(long, [{ start: at, end: at + 6 }], 120);
		const [range] = found.ranges;
		expect(found.cutBefore && found.cutAfter).toBe(true);
		expect(found.text.length).toBeLessThanOrEqual(120);
		expect(range && found.text.slice(range.start, range.end)).toBe("needle");
		expect(long.includes(found.text)).toBe(true);
	});

	test("a short text stays whole", () => {
		expect(snippet("short", [], 120)).toEqual({
			text: "short",
			ranges: [],
			cutBefore: false,
			cutAfter: false,
		});
	});

	test("never cuts a character in two, with or without spaces", () => {
		for (const text of ["😀".repeat(200), `${"文".repeat(200)}𠮷${"字".repeat(200)}`]) {
			for (let start = 0; start < 80; start += 1) {
				const { text: piece } = snippet(text, [{ start: start * 2, end: start * 2 + 2 }], 51);
				expect(/\p{Surrogate}/u.test(piece)).toBe(false);
			}
		}
	});
});
