/** Which answers become stale when the core says that something changed. */
import type { CallName } from "../host/types";
import type { Tag } from "../wire/generated";

/** Calls that only read, and what their answers depend on. */
export const TAGS = {
	app_state: ["app", "settings", "models", "sources", "notes"],
	list_sources: ["sources", "documents"],
	list_documents: ["documents", "sources"],
	read_document: ["documents"],
	list_notes: ["notes"],
	note_versions: ["notes"],
	recognition_status: ["settings"],
	plan_switch: ["models"],
	list_conversations: ["conversations"],
	get_conversation: ["conversations"],
	list_models: ["models"],
	doctor: ["models", "settings"],
} as const satisfies Partial<Record<CallName, readonly Tag[]>>;

export type QueryName = keyof typeof TAGS;
