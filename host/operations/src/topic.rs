//! A topic that sends events (Amazon SNS): its subscription is confirmed, and nothing else is done to it.

use aws_sdk_sns::Client;
use capability::{Fault, FaultKind, Scope};

use crate::Operations;
use crate::fault::{fault, incomplete};

impl Operations {
    /// Confirms the subscription that `token` was sent for, and gives its ARN. From then on only whoever may, by IAM, can
    /// end it: the address in each message would let anyone do it who sees one.
    pub async fn confirm_subscription(&self, scope: &Scope, topic: &str, token: &str) -> Result<String, Fault> {
        let request = self.clients.of(scope).await?.client(Client::new).confirm_subscription();
        let request = request.topic_arn(topic).token(token).authenticate_on_unsubscribe("true");
        let answer = request
            .send()
            .await
            .map_err(|error| fault(error, |code| (code == "InvalidParameter").then_some(FaultKind::Invalid)))?;
        answer.subscription_arn.ok_or_else(|| incomplete("SubscriptionArn"))
    }
}
