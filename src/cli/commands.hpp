#pragma once
// One file for each command; both faces of it stand in one.
#include "cli/command.hpp"

namespace trainyard::cli {

inline constexpr Option kJson{"--json", "", "", "print JSON"};
inline constexpr Option kFollow{"--follow", "-f", "", "show the log until the run has ended"};
inline constexpr Option kStateDir{"--state-dir", "", "DIR",
                                  "ask the service of this machine that keeps its state in DIR"};

Command bx_cancel();
Command bx_delete();
Command bx_experiments();
Command bx_generate_manifest();
Command bx_list();
Command bx_monitor();
Command bx_show();
Command bx_store();
Command bx_train();
Command bx_version();

Command trainyard_audit();
Command trainyard_cancel();
Command trainyard_completion();
Command trainyard_definition();
Command trainyard_delete();
Command trainyard_experiment();
Command trainyard_frameworks();
Command trainyard_list();
Command trainyard_logs();
Command trainyard_schema();
Command trainyard_show();
Command trainyard_status();
Command trainyard_token();
Command trainyard_train();
Command trainyard_user();
Command trainyard_validate();
Command trainyard_version();
Command trainyard_why();

int list_frameworks_as_bx(Session& session);

}  // namespace trainyard::cli
