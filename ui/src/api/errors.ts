/**
 * What is said about a failure. The words of every code stand in the language files; that none is
 * missing is checked here by the compiler, for every language.
 */
import { type ErrorText, t } from "../i18n/index.svelte";
import type { ApiError, Code } from "../wire/generated";

/** What happened, what is safe, what to do; by code, in the current language. */
export function errorTexts(): Record<Code, ErrorText> {
	return t().errors;
}

/** The words for a code. A code that this window does not know is a fault in docent. */
export function explain(code: Code): ErrorText {
	const texts: Partial<Record<string, ErrorText>> = errorTexts();
	return texts[code] ?? errorTexts().internal;
}

/** Whatever was thrown, as the one error that the boundary knows. */
export function asApiError(thrown: unknown): ApiError {
	if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) {
		const { code, message, subject } = thrown as Partial<ApiError>;
		if (typeof code === "string" && typeof message === "string") {
			return { code, message, subject: subject ?? null };
		}
	}
	const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
	return { code: "internal", message, subject: null };
}

/** Whether the person stopped it: nothing to report then. */
export function isCancelled(error: ApiError): boolean {
	return error.code === "cancelled";
}
