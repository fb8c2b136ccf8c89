/** Changes of models other than fetching. */
import { t } from "../i18n/index.svelte";
import { downloads } from "./downloads.svelte";
import { attempt } from "./failures.svelte";
import { touch } from "./queries.svelte";
import { call, currentHost } from "./rpc";

async function change(run: () => Promise<unknown>): Promise<void> {
	await attempt(run);
	touch(["models", "app"]);
}

export const useModel = (name: string) => change(() => call("use_model", { name }));
/** Gives up the index of another model that is being built. */
export const cancelSwitch = () => change(() => call("cancel_switch", {}));
export const removeModel = (name: string) => change(() => call("remove_model", { name }));

/** Lets the person choose a model's file and installs it; gives the model's name. */
export async function chooseAndImport(): Promise<string | null> {
	const paths = await attempt(() => currentHost().pickFiles(t().models.importFile, { multiple: false }));
	const path = paths?.[0];
	return path === undefined ? null : downloads.import(path);
}
