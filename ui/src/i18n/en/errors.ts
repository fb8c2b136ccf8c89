/** What is said about each failure: what happened, what of the person's work is safe, what to do. */
export interface ErrorText {
	what: string;
	kept: string;
	todo: string;
}

export const errors = {
	bad_request: {
		what: "docent did not understand this request.",
		kept: "Nothing was changed.",
		todo: "Try again. If it keeps happening, it is a fault in docent; the details below help to find it.",
	},
	not_found: {
		what: "This is no longer in the library.",
		kept: "Everything else is as it was.",
		todo: "It may have been removed meanwhile. Go back and choose again.",
	},
	path_not_found: {
		what: "There is nothing at this path.",
		kept: "The library is unchanged.",
		todo: "Check the spelling, and whether the drive is connected.",
	},
	permission_denied: {
		what: "docent is not allowed to read this.",
		kept: "The file was not touched, and the rest goes on.",
		todo: "Give yourself permission to read it, then retry.",
	},
	own_data: {
		what: "This folder is where docent keeps its own data.",
		kept: "Nothing was added.",
		todo: "Choose another folder.",
	},
	unsupported_file: {
		what: "docent does not read this kind of file.",
		kept: "The file was not touched.",
		todo: "Save it in a common format, such as PDF, Word, Markdown or plain text, to include it.",
	},
	empty_file: {
		what: "The file is empty.",
		kept: "There was nothing to lose.",
		todo: "It is read as soon as it has content.",
	},
	password_needed: {
		what: "The file is protected by a password.",
		kept: "The file was not touched.",
		todo: "Save a copy without password, then retry.",
	},
	damaged_file: {
		what: "The file is damaged.",
		kept: "What was read from it before stays searchable.",
		todo: "Open it in its own program and save it again, or restore it from a backup.",
	},
	file_too_large: {
		what: "The file is larger than docent reads.",
		kept: "The file was not touched.",
		todo: "Split it into smaller files.",
	},
	no_text: {
		what: "The file holds no text, only pictures.",
		kept: "The file was not touched.",
		todo: "Switch on “Text in pictures” in the settings, which also says how to install what it needs, then retry.",
	},
	nothing_recognized: {
		what: "Recognition found no text in it.",
		kept: "The file was not touched.",
		todo: "If its pictures hold none, there is nothing to do. Otherwise choose the language of its text under “Text in pictures” in the settings, or scan it more sharply, then retry.",
	},
	reader_crashed: {
		what: "This file made the reader crash.",
		kept: "The crash stayed within this one file; everything else goes on.",
		todo: "Retry once. If it fails again, save the file anew in its own program.",
	},
	reader_timed_out: {
		what: "Reading this file took too long.",
		kept: "The file was left out; everything else goes on.",
		todo: "Retry when the computer is less busy, or split the file.",
	},
	installation_incomplete: {
		what: "A part of docent that reads this kind of file is missing.",
		kept: "Your library is complete; the file waits.",
		todo: "See “About this installation”, which names the missing part.",
	},
	read_failed: {
		what: "The file could not be read.",
		kept: "What was read from it before stays searchable.",
		todo: "Check that it opens in its own program, then retry.",
	},
	over_size_rule: {
		what: "The file is larger than this folder’s rules allow.",
		kept: "The file was not touched.",
		todo: "Raise the limit under “What is read…” of its folder if you want it read.",
	},
	placeholder: {
		what: "The file is only in the cloud; this computer holds just a placeholder of it.",
		kept: "Nothing was downloaded: docent does not use your cloud account.",
		todo: "Make it available offline in the cloud program; it is then read by itself.",
	},
	forgotten: {
		what: "The file holds what you let docent forget under another name.",
		kept: "The file was not touched, and nothing of it is kept.",
		todo: "To have it read again, take the forgotten document off the list under “What is read…” of its folder.",
	},
	backup: {
		what: "The file is a backup of docent, which is not read.",
		kept: "The backup was not touched.",
		todo: "Nothing. Restore it from the settings if you need it.",
	},
	bad_path: {
		what: "This name or path cannot be used.",
		kept: "Nothing was changed.",
		todo: 'Leave out signs such as \\ : * ? " < > | and stay within the folder.',
	},
	not_writable: {
		what: "docent may not write here.",
		kept: "What was there is as it was.",
		todo: "Give yourself permission to write to this place, or take the write protection off its drive, then try again. Or choose another place.",
	},
	folder_not_empty: {
		what: "This folder is not empty.",
		kept: "The library stays where it is, and nothing in the folder was changed.",
		todo: "Choose an empty folder, or make a new one.",
	},
	folder_unsuitable: {
		what: "The library cannot be put into this folder.",
		kept: "The library stays where it is.",
		todo: "Choose an empty folder on a disk of this computer, neither within the library’s present folder nor around it.",
	},
	note_encoding: {
		what: "The note is not text in UTF-8, but in another encoding, such as GBK or UTF-16.",
		kept: "Nothing was changed: editing it here would damage it.",
		todo: "Save it in UTF-8 with the program it was written with, then open it again. The details below say where it stops being UTF-8.",
	},
	path_taken: {
		what: "Something with this name is there already.",
		kept: "It was not overwritten.",
		todo: "Choose another name.",
	},
	bad_backup: {
		what: "This file is not a backup of docent, or it is damaged.",
		kept: "Your library was not touched.",
		todo: "Choose another file; backups end in “.docent”.",
	},
	already_running: {
		what: "A backup is being restored already.",
		kept: "It was not disturbed, and your library is as it was.",
		todo: "Wait until it has ended.",
	},
	no_notes_folder: {
		what: "There is no folder for notes yet.",
		kept: "Your text is still in the window.",
		todo: "Choose a folder for notes first, then save again.",
	},
	library_in_use: {
		what: "Another docent has this library open.",
		kept: "Nothing was changed.",
		todo: "Close the other window or terminal, then try again.",
	},
	library_too_new: {
		what: "This library was written by a newer docent.",
		kept: "It was not touched.",
		todo: "Update docent to open it.",
	},
	library_damaged: {
		what: "The library’s database is damaged.",
		kept: "Your documents themselves are untouched; docent changed nothing.",
		todo: "Restore a backup, or move the library folder aside and add your folders again.",
	},
	disk_full: {
		what: "The disk is full.",
		kept: "Everything finished so far is saved.",
		todo: "Free some space, then try again. docent continues where it stopped; if the disk was full when it started, start it again.",
	},
	read_only: {
		what: "docent may not write to its folder.",
		kept: "Nothing was lost.",
		todo: "Make the library folder writable, then start docent again.",
	},
	index_failed: {
		what: "The search index did not answer.",
		kept: "Your library is complete; the index is made from it.",
		todo: "Start docent again. It repairs the index from the library.",
	},
	model_not_installed: {
		what: "The model for this is not installed.",
		kept: "What is indexed already stays searchable by its words.",
		todo: "Get it on the models page, or import its file.",
	},
	model_unknown: {
		what: "docent does not know this model.",
		kept: "Nothing was installed.",
		todo: "Choose one from the models page.",
	},
	model_damaged: {
		what: "The model’s file is damaged or incomplete.",
		kept: "It was not put to use; other models are unaffected.",
		todo: "Remove it and get it again, or import a complete file.",
	},
	model_unsupported: {
		what: "docent cannot run this kind of model.",
		kept: "The model in use stays in use.",
		todo: "Choose a model from the catalogue.",
	},
	checksum_mismatch: {
		what: "The file is not the one that was promised.",
		kept: "It was thrown away; nothing was installed.",
		todo: "Try again. If it happens again, do not trust this source, and import the file from another one.",
	},
	download_failed: {
		what: "The model could not be downloaded.",
		kept: "What arrived is kept; the next try continues there.",
		todo: "Check the connection and try again, or import the file.",
	},
	offline: {
		what: "Downloads are switched off.",
		kept: "Nothing was fetched.",
		todo: "Allow downloads in the settings, or import the file.",
	},
	not_enough_memory: {
		what: "There is not enough free memory for this model.",
		kept: "What is indexed already stays searchable.",
		todo: "Close other programs, or choose a smaller model.",
	},
	question_too_long: {
		what: "The question is too long for the model.",
		kept: "Your text is still in the box.",
		todo: "Shorten it, or choose a model with a larger context.",
	},
	question_empty: {
		what: "There is no question.",
		kept: "Nothing was changed.",
		todo: "Write something in the box first.",
	},
	compute_failed: {
		what: "The model failed while computing.",
		kept: "The passages found are still shown.",
		todo: "Ask again. If it happens again, use fewer threads or another model.",
	},
	cancelled: {
		what: "Stopped.",
		kept: "What was done so far is kept.",
		todo: "Start it again whenever you like.",
	},
	internal: {
		what: "A fault in docent itself.",
		kept: "Your documents and your library are untouched.",
		todo: "Try again, or start docent anew. The details below help to find the fault.",
	},
};
