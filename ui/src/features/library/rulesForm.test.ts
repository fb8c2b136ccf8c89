import { expect, test } from "vitest";
import { bytesOf, endingsOf, megabytesOf, patternsOf } from "./rulesForm";

test("endings are taken however they are written", () => {
	expect(endingsOf(" PDF, .docx *.md；pdf  txt ")).toEqual(["pdf", "docx", "md", "txt"]);
	expect(endingsOf("  ")).toEqual([]);
});

test("sizes are megabytes, and nothing is no limit", () => {
	expect(bytesOf("2.5")).toBe(2_500_000);
	expect(bytesOf("2,5")).toBe(2_500_000);
	expect([bytesOf("10 MB"), bytesOf("10mb")]).toEqual([10_000_000, 10_000_000]);
	expect([bytesOf(""), bytesOf("  ")]).toEqual([null, null]);
	// Not no limit: the person meant one.
	for (const no of ["-3", "many", "0", "1,5,0", "2 GB"]) expect(bytesOf(no), no).toBeUndefined();
	expect(
		megabytesOf({
			ignore: [],
			gitignore: true,
			hidden: false,
			max_bytes: 2_500_000,
			only: [],
			forgotten: [],
		}),
	).toBe("2.5");
});

test("patterns are lines, and blank ones say nothing", () => {
	expect(patternsOf("*.log\n\n  drafts/  \n")).toEqual(["*.log", "drafts/"]);
});
