/**
 * Watches, from outside the page, what a page asks the network for. Runs in the test runner, not in the
 * browser; tests call it as a command.
 */
import type { BrowserCommand } from "vitest/node";

const seen: string[] = [];
let watching = false;

/** Begins to watch; forgets what was seen before. */
export const watchRequests: BrowserCommand<[]> = ({ context }) => {
	seen.length = 0;
	if (watching) return;
	watching = true;
	context.on("request", (request) => seen.push(request.url()));
};

/** Every address asked for since then. */
export const seenRequests: BrowserCommand<[]> = () => [...seen];

declare module "vitest/browser" {
	interface BrowserCommands {
		watchRequests: () => Promise<void>;
		seenRequests: () => Promise<string[]>;
	}
}
