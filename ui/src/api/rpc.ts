/** The way to the host. Set once at the start; everything else in `api` goes through here. */
import type { CallName, Host, StreamName } from "../host/types";
import type { Calls, Streams } from "../wire/generated";
import { asApiError } from "./errors";

let host: Host | undefined;

/** Says who hosts the window. Tests call it with a host of their own. */
export function setHost(next: Host): void {
	host = next;
}

export function currentHost(): Host {
	if (!host) throw new Error("no host has been set");
	return host;
}

/** One answer; what is thrown is always an `ApiError`. */
export async function call<N extends CallName>(name: N, req: Calls[N]["req"]): Promise<Calls[N]["res"]> {
	try {
		return await currentHost().call(name, req);
	} catch (thrown) {
		throw asApiError(thrown);
	}
}

/** Events until the stream ends; what is thrown is always an `ApiError`. */
export async function stream<N extends StreamName>(
	name: N,
	req: Streams[N]["req"],
	onEvent: (event: Streams[N]["event"]) => void,
	signal?: AbortSignal,
): Promise<void> {
	try {
		await currentHost().stream(name, req, onEvent, signal);
	} catch (thrown) {
		throw asApiError(thrown);
	}
}

/** A name for a request, by which it can be stopped. */
export function newRequestId(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
