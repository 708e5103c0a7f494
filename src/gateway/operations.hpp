#pragma once
// The operations of the store, by the file that holds them. Source of each: the operation of the
// same name in the Amazon S3 API reference.
#include "gateway/call.hpp"

namespace trainyard::gateway {

// bucket_operations.cpp
http::Response list_all_buckets(Call& call);
http::Response create_bucket(Call& call);
http::Response head_bucket(Call& call);
http::Response delete_bucket(Call& call);

// list_operations.cpp
http::Response list_objects(Call& call);  // versions 1 and 2
http::Response list_object_versions(Call& call);

// get_operations.cpp
http::Response get_object(Call& call);  // and HeadObject

// put_operations.cpp
http::Response put_object(Call& call);

// copy_operations.cpp
http::Response copy_object(Call& call);
http::Response upload_part_copy(Call& call);

// delete_operations.cpp
http::Response delete_object(Call& call);
http::Response delete_objects(Call& call);

// upload_operations.cpp
http::Response create_upload(Call& call);
http::Response upload_part(Call& call);
http::Response abort_upload(Call& call);

// complete_operation.cpp
http::Response complete_upload(Call& call);

// upload_lists.cpp
http::Response list_parts(Call& call);
http::Response list_uploads(Call& call);

// configuration_operations.cpp: what can be asked of a bucket or object and is not configurable
http::Response get_bucket_location(Call& call);
http::Response get_bucket_acl(Call& call);
http::Response get_object_acl(Call& call);
http::Response get_object_tagging(Call& call);
http::Response get_configuration(Call& call);     // the answer for "not configured"
http::Response delete_configuration(Call& call);  // nothing to delete
http::Response not_implemented(Call& call);

}  // namespace trainyard::gateway
