/** Changes of conversations. */
import { attempt } from "./failures.svelte";
import { touch } from "./queries.svelte";
import { call } from "./rpc";

export async function renameConversation(conversation: number, title: string): Promise<void> {
	await attempt(() => call("rename_conversation", { conversation, title }));
	touch(["conversations"]);
}

/** Whether it is gone. */
export async function deleteConversation(conversation: number): Promise<boolean> {
	const done = await attempt(async () => {
		await call("delete_conversation", { conversation });
		return true;
	});
	touch(["conversations"]);
	return done ?? false;
}
