import type { Session, User } from "../../src/lib/accounts";
import { ago } from "./fixtures";

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const safari =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1";

/** A session of ada. */
export function session(part: Partial<Session>): Session {
  return {
    id: "s1",
    user_id: "u1",
    username: "ada",
    created_at: ago(40),
    expires_at: ago(-1_400),
    last_seen_at: ago(0.1),
    address: "127.0.0.1",
    agent: firefox,
    current: false,
    ...part,
  };
}

export const sessions: Session[] = [
  session({ current: true }),
  session({ id: "s2", agent: safari, address: "2001:db8::7", created_at: ago(3_000) }),
  session({ id: "s3", agent: "curl/8.14.1", address: "10.0.4.18", created_at: ago(9_000) }),
];

/** An account. */
export function user(part: Partial<User>): User {
  return {
    id: "u1",
    username: "ada",
    role: "admin",
    disabled: false,
    must_change_password: false,
    created_at: ago(60 * 24 * 20),
    last_login_at: ago(40),
    ...part,
  };
}

const { last_login_at: _, ...unseen } = user({ id: "u4", username: "hopper", role: "viewer" });

export const users: User[] = [
  user({}),
  user({ id: "u2", username: "grace", role: "superadmin", last_login_at: ago(300) }),
  user({ id: "u3", username: "linus", role: "editor", disabled: true, last_login_at: ago(90_000) }),
  { ...unseen, must_change_password: true },
];
