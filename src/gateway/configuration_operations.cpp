// Sub-resources that clients ask for and that cannot be configured here. A question is answered as
// S3 answers it for a bucket where nothing was configured; a wish to configure is refused.
#include <array>
#include <string_view>

#include "gateway/operations.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

struct Absent {
  std::string_view subresource;
  S3Code code;
};
constexpr std::array kAbsent = {
    Absent{"cors", S3Code::NoSuchCORSConfiguration},
    Absent{"encryption", S3Code::ServerSideEncryptionConfigurationNotFoundError},
    Absent{"lifecycle", S3Code::NoSuchLifecycleConfiguration},
    Absent{"object-lock", S3Code::ObjectLockConfigurationNotFoundError},
    Absent{"policy", S3Code::NoSuchBucketPolicy},
    Absent{"policyStatus", S3Code::NoSuchBucketPolicy},
    Absent{"publicAccessBlock", S3Code::NoSuchPublicAccessBlockConfiguration},
    Absent{"replication", S3Code::ReplicationConfigurationNotFoundError},
    Absent{"tagging", S3Code::NoSuchTagSet},
    Absent{"website", S3Code::NoSuchWebsiteConfiguration},
};

// Sub-resources whose unconfigured state is a document.
struct Empty {
  std::string_view subresource, root, element, value;
};
constexpr std::array kEmpty = {
    Empty{"accelerate", "AccelerateConfiguration", "", ""},
    Empty{"logging", "BucketLoggingStatus", "", ""},
    Empty{"notification", "NotificationConfiguration", "", ""},
    Empty{"requestPayment", "RequestPaymentConfiguration", "Payer", "BucketOwner"},
    Empty{"versioning", "VersioningConfiguration", "", ""},
};

void require(Call& call) {
  call.store.index.read([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    if (!call.resource.key.empty()) require_object(db, bucket, call.resource.key);
  });
}

http::Response owner_has_full_control(Call& call) {
  require(call);
  XmlWriter xml;
  xml.open("AccessControlPolicy", kS3Namespace);
  write_owner(xml, "Owner");
  xml.open("AccessControlList");
  xml.open("Grant");
  xml.open_grantee("CanonicalUser");
  xml.element("ID", kOwner);
  xml.element("DisplayName", kOwner);
  xml.close();
  xml.element("Permission", "FULL_CONTROL");
  xml.close();
  xml.close();
  xml.close();
  return xml_answer(call, xml);
}

http::Response ownership(Call& call) {
  XmlWriter xml;
  xml.open("OwnershipControls", kS3Namespace);
  xml.open("Rule");
  xml.element("ObjectOwnership", "BucketOwnerEnforced");
  xml.close();
  xml.close();
  return xml_answer(call, xml);
}

}  // namespace

http::Response get_bucket_location(Call& call) {
  require(call);
  XmlWriter xml;
  // The oldest region has no name here.
  if (call.region == "us-east-1") {
    xml.open("LocationConstraint", kS3Namespace);
    xml.close();
  } else {
    xml.element("LocationConstraint", call.region);
  }
  return xml_answer(call, xml);
}

http::Response get_bucket_acl(Call& call) { return owner_has_full_control(call); }
http::Response get_object_acl(Call& call) { return owner_has_full_control(call); }

http::Response get_object_tagging(Call& call) {
  require(call);
  XmlWriter xml;
  xml.open("Tagging", kS3Namespace);
  xml.open("TagSet");
  xml.close();
  xml.close();
  return xml_answer(call, xml);
}

http::Response get_configuration(Call& call) {
  require(call);
  for (const Absent& absent : kAbsent) {
    if (call.request.query.has(absent.subresource)) {
      throw S3Error(absent.code, {}, {{"BucketName", call.resource.bucket}});
    }
  }
  for (const Empty& empty : kEmpty) {
    if (!call.request.query.has(empty.subresource)) continue;
    XmlWriter xml;
    xml.open(empty.root, kS3Namespace);
    if (!empty.element.empty()) xml.element(empty.element, empty.value);
    xml.close();
    return xml_answer(call, xml);
  }
  return ownership(call);
}

http::Response delete_configuration(Call& call) {
  require(call);
  return answer(call, 204);
}

http::Response not_implemented(Call&) { throw S3Error(S3Code::NotImplemented); }

}  // namespace trainyard::gateway
