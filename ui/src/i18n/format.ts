/** Numbers, sizes, times and names of languages, as the current language writes them. */
import { locale } from "./index.svelte";

const formatters = new Map<string, Intl.NumberFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
	const key = locale() + JSON.stringify(options);
	let format = formatters.get(key);
	if (!format) {
		format = new Intl.NumberFormat(locale(), options);
		formatters.set(key, format);
	}
	return format;
}

/** 1,234 */
export function count(value: number): string {
	return numberFormat({ maximumFractionDigits: 0 }).format(value);
}

/** 0.42 as 42% */
export function percent(fraction: number): string {
	return numberFormat({ style: "percent", maximumFractionDigits: 0 }).format(fraction);
}

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** 93 MB. Steps of 1000, as download sizes are written. */
export function size(bytes: number): string {
	let value = bytes;
	let step = 0;
	while (value >= 999.5 && step < SIZES.length - 1) {
		value /= 1000;
		step += 1;
	}
	return numberFormat({
		style: "unit",
		unit: SIZES[step] ?? "byte",
		unitDisplay: step === 0 ? "long" : "short",
		maximumFractionDigits: value < 10 && step > 1 ? 1 : 0,
	}).format(value);
}

/** 7 ms, 1.2 s */
export function milliseconds(ms: number): string {
	return ms < 1000
		? numberFormat({ style: "unit", unit: "millisecond", maximumFractionDigits: ms < 10 ? 1 : 0 }).format(ms)
		: numberFormat({ style: "unit", unit: "second", maximumFractionDigits: 1 }).format(ms / 1000);
}

/** 40 sec, 12 min, 3 hr: rough, for what is still to come. */
export function roughDuration(seconds: number): string {
	const [value, unit] =
		seconds < 60
			? [Math.max(1, Math.ceil(seconds / 5) * 5), "second"]
			: seconds < 5400
				? [seconds / 60, "minute"]
				: [seconds / 3600, "hour"];
	return numberFormat({ style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 }).format(value);
}

/** 14.2 */
export function rate(value: number): string {
	return numberFormat({ maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

const DAY = 86_400_000;

/** "5 minutes ago", "yesterday", or the date when it is longer ago. */
export function ago(ms: number, now: number): string {
	const relative = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
	const minutes = Math.round((ms - now) / 60_000);
	if (minutes > -1) return relative.format(0, "second");
	if (minutes > -60) return relative.format(minutes, "minute");
	if (minutes > -60 * 24) return relative.format(Math.round(minutes / 60), "hour");
	if (ms > now - 7 * DAY) return relative.format(Math.round((ms - now) / DAY), "day");
	return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(ms);
}

/** "5 June 2025" of "2025-06-05"; what is no date stays as it is. */
export function dateOf(text: string): string {
	const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(text);
	if (!parts) return text;
	const date = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
	return Number.isNaN(date.getTime())
		? text
		: new Intl.DateTimeFormat(locale(), { dateStyle: "long" }).format(date);
}

/** The moment, to the minute. */
export function moment(ms: number): string {
	return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(ms);
}

/** "a, b, c" and "甲、乙、丙". */
export function names(list: readonly string[]): string {
	return list.join(locale() === "zh-CN" ? "、" : ", ");
}

/** "English, Chinese" from codes; a code nobody knows stays as it is. */
export function languages(codes: readonly string[]): string {
	const display = new Intl.DisplayNames(locale(), { type: "language", fallback: "code" });
	const list = codes.map((code) => {
		try {
			return display.of(code) ?? code;
		} catch {
			return code;
		}
	});
	return names(list);
}

/** Orders names as the language does, with numbers by value. */
export function compareNames(a: string, b: string): number {
	return new Intl.Collator(locale(), { numeric: true }).compare(a, b);
}

/** Sentences one after the other, with a space between them where the language has one. */
export function prose(...sentences: string[]): string {
	return sentences.filter(Boolean).join(locale() === "zh-CN" ? "" : " ");
}
