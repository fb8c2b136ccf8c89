import { afterEach, describe, expect, test } from "vitest";
import { errorTexts, explain } from "../api/errors";
import { en } from "./en";
import { ago, count, dateOf, languages, milliseconds, prose, roughDuration, size } from "./format";
import { setLocale } from "./index.svelte";
import { zhCN } from "./zh-CN";

type Tree = { [key: string]: Tree | string | ((...args: never[]) => string) };

function* leaves(tree: Tree, path = ""): Generator<[string, string | ((...args: never[]) => string)]> {
	for (const [key, value] of Object.entries(tree)) {
		const here = path === "" ? key : `${path}.${key}`;
		if (typeof value === "object") yield* leaves(value, here);
		else yield [here, value];
	}
}

afterEach(() => setLocale("en"));

describe("languages", () => {
	const english = new Map(leaves(en as Tree));
	const chinese = new Map(leaves(zhCN as unknown as Tree));

	test("have the same messages", () => {
		expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
	});

	test("leave no message empty, and translate all but names", () => {
		const same: string[] = [];
		for (const [key, value] of english) {
			const other = chinese.get(key);
			expect(typeof other, key).toBe(typeof value);
			if (typeof value !== "string" || typeof other !== "string") continue;
			expect(value.trim(), key).not.toBe("");
			expect(other.trim(), key).not.toBe("");
			if (value === other) same.push(key);
		}
		expect(same.sort()).toEqual(
			[
				"app.name",
				"answer.assistant",
				"documents.format.pdf",
				"documents.format.markdown",
				"device.choice.gpu",
				"settings.languageEn",
				"settings.languageZh",
				"commands.languageEn",
				"commands.languageZh",
			]
				.filter((key) => same.includes(key))
				.sort(),
		);
	});

	test("in Chinese address the person politely everywhere", () => {
		const familiar = [...chinese].filter(([, value]) => {
			const args = Array.from({ length: typeof value === "string" ? 0 : value.length }, () => "1");
			const text = typeof value === "string" ? value : (value as (...args: string[]) => string)(...args);
			return text.includes("你");
		});
		expect(familiar.map(([key]) => key)).toEqual([]);
	});

	test("put every argument into the sentence", () => {
		for (const [key, value] of [...english, ...chinese]) {
			if (typeof value !== "function") continue;
			const args = Array.from({ length: value.length }, (_, index) => `‹${index}›`);
			const text = (value as (...args: string[]) => string)(...args);
			// The first of a plural is the bare number, which only chooses the form.
			const shown = args.filter((arg) => text.includes(arg));
			expect(shown.length, `${key}: ${text}`).toBeGreaterThan(0);
		}
	});

	test("say what happened, what is safe and what to do, for every code", () => {
		for (const locale of ["en", "zh-CN"] as const) {
			setLocale(locale);
			const seen = new Set<string>();
			for (const [code, words] of Object.entries(errorTexts())) {
				for (const part of [words.what, words.kept, words.todo]) expect(part.trim(), code).toMatch(/[.。]$/);
				expect(seen.has(words.what), `${code} says what another code says`).toBe(false);
				seen.add(words.what);
			}
		}
	});

	test("a code from a newer core is a fault in docent, not an empty notice", () => {
		expect(explain("brand_new" as never)).toEqual(explain("internal"));
	});
});

describe("formats", () => {
	test("follow the language", () => {
		expect([count(12345), size(98_700_000), milliseconds(6.43), roughDuration(680)]).toEqual([
			"12,345",
			"99 MB",
			"6.4 ms",
			"11 min",
		]);
		expect(languages(["en", "zh"])).toBe("English, Chinese");
		expect(prose("One.", "", "Two.")).toBe("One. Two.");
		expect([dateOf("2025-01-12T08:00:00Z"), dateOf("spring 1998")]).toEqual([
			"January 12, 2025",
			"spring 1998",
		]);
		setLocale("zh-CN");
		expect(size(0)).toBe("0字节");
		expect(roughDuration(680)).toBe("11分钟");
		expect(languages(["en", "zh"])).toBe("英语、中文");
		expect(dateOf("2025-01-12")).toBe("2025年1月12日");
		expect(prose("一。", "二。")).toBe("一。二。");
	});

	test("times are said as people say them", () => {
		const now = Date.UTC(2025, 5, 15, 12);
		expect(ago(now - 5 * 60_000, now)).toBe("5 minutes ago");
		expect(ago(now - 26 * 3_600_000, now)).toBe("yesterday");
		expect(ago(now - 40 * 86_400_000, now)).toContain("2025");
	});
});
