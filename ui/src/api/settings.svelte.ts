/** What a person chose. Shown at once, kept by the core; put back if the core refuses. */
import type { Settings, SettingsPatch } from "../wire/generated";
import { attempt } from "./failures.svelte";
import { query, touch } from "./queries.svelte";
import { call } from "./rpc";

export const DEFAULTS: Settings = {
	language: "system",
	theme: "system",
	threads: 0,
	device: "auto",
	allow_downloads: true,
	recognition: true,
	recognition_languages: [],
};

const UNCHANGED: SettingsPatch = {
	language: null,
	theme: null,
	threads: null,
	device: null,
	allow_downloads: null,
	recognition: null,
	recognition_languages: null,
};

/** The settings in force. */
export function settings(): Settings {
	return query("app_state", {}).data?.settings ?? DEFAULTS;
}

function show(next: Settings): void {
	const state = query("app_state", {});
	if (state.data) state.set({ ...state.data, settings: next });
}

/** Changes what the patch names. */
export async function changeSettings(patch: Partial<Settings>): Promise<void> {
	const before = settings();
	show({ ...before, ...patch });
	const after = await attempt(() => call("update_settings", { ...UNCHANGED, ...patch }));
	show(after ?? before);
	touch(["settings"]);
}
