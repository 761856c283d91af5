import { useMutation, useQueryClient } from "@tanstack/react-query";
import { remove, send } from "../../lib/api";
import { contactKeys, contactPath } from "../../lib/contacts";

/** Destroys a contact with its history and its files. */
export function useEraseContact(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => remove(contactPath(id)),
    onSuccess: () => client.invalidateQueries({ queryKey: [...contactKeys, "list"] }),
  });
}

/** Has a file fetched again that has failed. */
export function useRetryFile(contact: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (file: string) =>
      send("POST", `${contactPath(contact)}/attachments/${file}/retry`, {}, "{}"),
    onSuccess: () => client.invalidateQueries({ queryKey: [...contactKeys, contact] }),
  });
}
