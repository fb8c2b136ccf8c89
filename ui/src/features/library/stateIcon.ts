/** The sign for where a document stands. */
import CircleCheck from "@lucide/svelte/icons/circle-check";
import CircleSlash from "@lucide/svelte/icons/circle-slash";
import CircleX from "@lucide/svelte/icons/circle-x";
import Clock from "@lucide/svelte/icons/clock";
import FileClock from "@lucide/svelte/icons/file-clock";
import FileQuestion from "@lucide/svelte/icons/file-question-mark";
import KeyRound from "@lucide/svelte/icons/key-round";
import Loader from "@lucide/svelte/icons/loader";
import ScanText from "@lucide/svelte/icons/scan-text";
import TextSearch from "@lucide/svelte/icons/text-search";
import type { DocumentState } from "../../wire/generated";

export const STATE_ICONS: Record<DocumentState, typeof Clock> = {
	waiting: Clock,
	reading: Loader,
	words: TextSearch,
	indexed: CircleCheck,
	stale: FileClock,
	needs_ocr: ScanText,
	needs_password: KeyRound,
	failed: CircleX,
	skipped: CircleSlash,
	missing: FileQuestion,
};
