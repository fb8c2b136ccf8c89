/**
 * The language of the window. `t()` gives the words; whatever reads it in markup is drawn anew when
 * the language changes, at once and without loading anything.
 */
import { en, type Messages } from "./en";
import { zhCN } from "./zh-CN";

export type { ErrorText, Messages } from "./en";

export type Locale = "en" | "zh-CN";

const MESSAGES: Record<Locale, Messages> = { en, "zh-CN": zhCN };

let current = $state<Locale>("en");

/** The words of the current language. */
export function t(): Messages {
	return MESSAGES[current];
}

/** The language in which the window is now. */
export function locale(): Locale {
	return current;
}

/** The language that the system prefers, of those there are. */
export function systemLocale(): Locale {
	const first = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag));
	return first?.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

/** Switches at once. */
export function setLocale(next: Locale): void {
	current = next;
	document.documentElement.lang = next;
}
