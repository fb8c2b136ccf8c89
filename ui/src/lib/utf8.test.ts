import { describe, expect, test } from "vitest";
import { byteToUtf16, utf8Bytes } from "./utf8";

/** Small generator with a seed, so that a failure can be repeated. */
function random(seed: number) {
	let state = seed;
	return (below: number) => {
		state = (state * 1664525 + 1013904223) % 4294967296;
		return Math.floor((state / 4294967296) * below);
	};
}

const PIECES = [
	"a",
	"Z",
	" ",
	"\n",
	"é",
	"ß",
	"Ω",
	"中",
	"文",
	"。",
	"日",
	"한",
	"😀",
	"👩‍👩‍👧",
	"𠮷",
	"e\u0301",
];

describe("UTF-8 offsets", () => {
	test("agree with the platform's encoder on every character border of mixed text", () => {
		const next = random(7);
		const encoder = new TextEncoder();
		for (let round = 0; round < 200; round += 1) {
			const text = Array.from({ length: next(30) }, () => PIECES[next(PIECES.length)] ?? "").join("");
			expect(utf8Bytes(text)).toBe(encoder.encode(text).length);
			let index = 0;
			for (const character of text) {
				expect(byteToUtf16(text, encoder.encode(text.slice(0, index)).length)).toBe(index);
				index += character.length;
			}
		}
	});

	test("a byte inside a character gives its beginning, never half of it", () => {
		expect(byteToUtf16("a中b", 2)).toBe(1);
		expect(byteToUtf16("a中b", 3)).toBe(1);
		expect(byteToUtf16("a中b", 4)).toBe(2);
		expect(byteToUtf16("😀x", 3)).toBe(0);
		expect(byteToUtf16("😀x", 4)).toBe(2);
	});

	test("a byte past the end gives the end", () => {
		expect(byteToUtf16("中文", 99)).toBe(2);
		expect(byteToUtf16("", 0)).toBe(0);
	});
});
