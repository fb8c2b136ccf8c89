/** What the core tells everybody, brought to where it is kept. */
import { indexing } from "./indexing.svelte";
import { touch } from "./queries.svelte";
import { currentHost } from "./rpc";

/** Listens until the returned function is called. */
export function listenToCore(): () => void {
	return currentHost().onEvent((event) => {
		if (event.kind === "changed") {
			touch(event.tags);
			return;
		}
		const before = indexing.status?.phase;
		indexing.status = event.status;
		// The end of a run is worth a fresh look at everything that counts documents.
		if (event.status.phase === "idle" && before !== "idle") touch(["app", "sources", "documents"]);
	});
}
